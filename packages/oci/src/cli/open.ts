import { parsePlatform } from '../base/platform.ts';
import { type Image, openImage } from '../image.ts';
import { loginFor } from './arguments.ts';

/** Opens an image by a layout's folder or a reference, with Docker's login for its registry. */
export async function open(name: string, platform?: string): Promise<Image> {
  return await openImage(name, {
    platform: platform === undefined ? undefined : parsePlatform(platform),
    credential: loginFor(name),
  });
}
