import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  extractLayer,
  isIndex,
  type Manifest,
  parseConfig,
  parseManifest,
  type RuntimeConfig,
} from '@mainline/oci';
import type { EcrStore } from '../../ecr/ecr-store.ts';
import { isPublic } from '../../ecr/repository.ts';

/** An image unpacked on this machine: its files above the base, and what its config says about running it. */
export interface ImageRoot {
  folder: string;
  config: RuntimeConfig;
}

/** Unpacks images by digest, each once, and keeps them for the next worker and the next start. */
export class ImageRoots {
  readonly #folder: string;
  readonly #ecr: EcrStore;
  readonly #substitute: Record<string, string>;
  readonly #unpacking = new Map<string, Promise<ImageRoot>>();

  constructor(folder: string, ecr: EcrStore, substitute: Record<string, string>) {
    this.#folder = folder;
    this.#ecr = ecr;
    this.#substitute = substitute;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder))
      if (name.startsWith('partial-')) rmSync(join(folder, name), { recursive: true, force: true });
  }

  /** The unpacked image; throws what `extractLayer` throws for a hostile or broken layer. */
  async get(digest: string): Promise<ImageRoot> {
    const running = this.#unpacking.get(digest);
    if (running) return running;
    const unpacking = this.#unpack(digest);
    this.#unpacking.set(digest, unpacking);
    unpacking.catch(() => this.#unpacking.delete(digest));
    return unpacking;
  }

  async #unpack(digest: string): Promise<ImageRoot> {
    const manifest = this.#manifest(digest);
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(this.#ecr.blobPath(manifest.config.digest)))
      chunks.push(chunk);
    const config = parseConfig(Buffer.concat(chunks), digest).config ?? {};
    const folder = join(this.#folder, digest.replace('sha256:', ''));
    if (existsSync(folder)) return { folder, config };
    const partial = join(this.#folder, `partial-${randomUUID()}`);
    try {
      for (const layer of this.#aboveBase(manifest))
        await extractLayer(createReadStream(this.#ecr.blobPath(layer.digest)), partial);
      mkdirSync(join(partial, 'var/task'), { recursive: true });
      this.#applySubstitutes(partial);
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return { folder, config };
  }

  #manifest(digest: string): Manifest {
    const bytes = this.#ecr.manifest(digest);
    const mediaType = (JSON.parse(bytes.toString('utf8')) as { mediaType?: string }).mediaType;
    const manifest = parseManifest(bytes, mediaType ?? 'application/vnd.oci.image.manifest.v1+json', digest);
    if (isIndex(manifest)) throw new Error(`${digest} is an index, which Lambda never accepts`);
    return manifest;
  }

  /** The layers that are not those of a public base image: the host's Node stands in for everything in there. */
  #aboveBase(manifest: Manifest) {
    const base = new Set(
      this.#ecr.repositories.filter(({ name }) => isPublic(name)).flatMap(({ blobs }) => Object.keys(blobs)),
    );
    return manifest.layers.filter(({ digest }) => !base.has(digest));
  }

  #applySubstitutes(root: string): void {
    for (const [path, host] of Object.entries(this.#substitute)) {
      const inImage = join(root, path);
      if (!existsSync(inImage)) continue;
      rmSync(inImage, { recursive: true });
      mkdirSync(dirname(inImage), { recursive: true });
      symlinkSync(host, inImage);
    }
  }
}
