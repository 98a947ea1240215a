import type { EcrStore } from '../ecr/ecr-store.ts';
import type { LambdaFunction, Reason, Version } from './function.ts';
import { ImageInspector } from './inspect-image.ts';
import { type ResolvedImage, resolveImage } from './resolve-image.ts';
import type { ImageRoots } from './worker/image-root.ts';

/** Where Lambda finds images: all that its control plane needs of a registry. */
export interface ImageSource {
  /** What a URI means right now; throws InvalidParameterValueException, as the call does that names it. */
  resolve(imageUri: string): ResolvedImage;
  /** What Lambda finds wrong once it looks inside; the version is then Failed for that reason. */
  inspect(fn: LambdaFunction, version: Version): Reason | undefined | Promise<Reason | undefined>;
}

/** Images from this server's registry, unpacked for the workers while a function is Pending or being updated. */
export function ecrImages(ecr: EcrStore, roots: ImageRoots): ImageSource {
  const inspector = new ImageInspector(ecr, roots);
  return {
    resolve: (imageUri) => resolveImage(ecr, imageUri),
    inspect: (_fn, version) => inspector.inspect(version),
  };
}
