import { type Image, lint, OciError } from '@mainline/oci';
import type { EcrStore } from '../ecr/ecr-store.ts';
import { lambdaMayPull } from '../ecr/pull-access.ts';
import { readImage } from '../ecr/read-image.ts';
import { resolve } from '../ecr/repository.ts';
import type { Reason, Version } from './function.ts';
import type { ImageRoots } from './worker/image-root.ts';

/** What of a lint's findings Lambda itself refuses, in its words; the rest it lets you find out. */
const refused: Record<string, string> = {
  'layer-type': 'UnsupportedImageLayerDetected',
  parents: 'MissingParentDirectory',
  unsafe: 'InvalidTarEntry',
  size: 'ImageTooLarge',
};

const invalid = (message: string): Reason => ({ code: 'InvalidImage', message });

/** Looks into images as Lambda does while a function is Pending or being updated, and unpacks them for the workers. */
export class ImageInspector {
  readonly #ecr: EcrStore;
  readonly #roots: ImageRoots;
  /** Layers that were found good: a deploy that changes one layer has one looked into. */
  readonly #good = new Set<string>();

  constructor(ecr: EcrStore, roots: ImageRoots) {
    this.#ecr = ecr;
    this.#roots = roots;
  }

  /** What is wrong with a version's image; `undefined` when nothing is. */
  async inspect({ packageType, repository: name, digest, imageUri }: Version): Promise<Reason | undefined> {
    if (packageType === 'Zip') return undefined;
    const repository = this.#ecr.find(name);
    if (!repository || !resolve(repository, digest))
      return {
        code: 'ImageDeleted',
        message: `The image ${imageUri} was deleted. Push it again, or update the function to another image.`,
      };
    if (!lambdaMayPull(repository))
      return {
        code: 'ImageAccessDenied',
        message: `Lambda does not have permission to access ${imageUri}. Check the ECR permissions.`,
      };
    try {
      const image = readImage(this.#ecr, digest);
      const problem = await this.#lint(image);
      if (problem) return invalid(problem);
      await this.#roots.get(digest);
      return undefined;
    } catch (error) {
      if (error instanceof OciError) return invalid(error.message);
      throw error;
    }
  }

  async #lint(image: Image): Promise<string | undefined> {
    const openLayer: Image['openLayer'] = async (layer) =>
      this.#good.has(layer.digest) ? undefined : image.openLayer(layer);
    const findings = await lint({ ...image, openLayer });
    const found = findings.find(({ rule }) => Object.hasOwn(refused, rule));
    if (found) return `${refused[found.rule]}: ${found.problem}`;
    for (const { digest } of image.manifest.layers) this.#good.add(digest);
    return undefined;
  }
}
