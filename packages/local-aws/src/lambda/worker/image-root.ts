import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { extractLayer, type RuntimeConfig } from '@mainline/oci';
import type { EcrStore } from '../../ecr/ecr-store.ts';
import { readImage } from '../../ecr/read-image.ts';

/** An image unpacked on this machine: its files above the base, and what its config says about running it. */
export interface ImageRoot {
  folder: string;
  /** In OCI's words: amd64, arm64. */
  architecture: string;
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

  /** Removes the images that nobody needs any more. */
  keepOnly(digests: Iterable<string>): void {
    const kept = new Set([...digests].map((digest) => this.#nameOf(digest)));
    for (const name of readdirSync(this.#folder))
      if (!kept.has(name)) rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  async #unpack(digest: string): Promise<ImageRoot> {
    const image = readImage(this.#ecr, digest);
    const folder = join(this.#folder, this.#nameOf(digest));
    const root: ImageRoot = {
      folder,
      architecture: image.config.architecture,
      config: image.config.config,
    };
    if (existsSync(folder)) return root;
    const partial = join(this.#folder, `partial-${randomUUID()}`);
    try {
      for (const layer of image.manifest.layers) {
        const blob = await image.openLayer(layer);
        if (blob) await extractLayer(blob, partial);
      }
      mkdirSync(join(partial, 'var/task'), { recursive: true });
      this.#applySubstitutes(partial);
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return root;
  }

  /** Other substitutes make another folder of the same image. */
  #nameOf(digest: string): string {
    const changes = JSON.stringify(this.#substitute);
    const suffix =
      changes === '{}' ? '' : `-${createHash('sha256').update(changes).digest('hex').slice(0, 8)}`;
    return digest.replace('sha256:', '') + suffix;
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
