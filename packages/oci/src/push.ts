import { createReadStream } from 'node:fs';
import { DigestMismatch, InvalidReference } from './errors.ts';
import { inParallel } from './in-parallel.ts';
import { blobFile, blobSize, type Layout, readLayout } from './layout/layout.ts';
import { annotations, type Descriptor } from './manifest.ts';
import { isRepository, isTag, parseReference } from './reference.ts';
import type { Credential, CredentialSource } from './registry/authorization.ts';
import { Registry } from './registry/registry.ts';

/** What to push where. */
export interface PushOptions {
  /** An OCI layout of one image. */
  layout: string;
  registry: string;
  repository: string;
  /** Without one the image is there by its digest only. */
  tag?: string | undefined;
  credential?: CredentialSource | undefined;
  /** The login for the base's registry, where it is another one. */
  baseCredential?: ((registry: string) => Promise<Credential | undefined>) | undefined;
  /** One line per blob and step. */
  log?: ((line: string) => void) | undefined;
}

/** What a push did. */
export interface PushResult {
  digest: string;
  /** `registry/repository@sha256:…`: the name that never moves. */
  reference: string;
  /** The registry had all of it, the tag included. */
  unchanged: boolean;
  /** Bytes of blobs and manifest sent from here, the streamed base included. */
  uploadedBytes: number;
  uploadedBlobs: number;
  skippedBlobs: number;
  mountedBlobs: number;
}

const uploadsAtOnce = 4;

/**
 * Pushes a layout's image: blobs the registry has are skipped, the base's are mounted or streamed from their registry,
 * the manifest goes last and is fetched back and compared. A push that fails leaves no image behind and can be repeated.
 */
export async function push(options: PushOptions): Promise<PushResult> {
  const { repository, tag, log = () => {} } = options;
  if (!isRepository(repository))
    throw new InvalidReference(`${JSON.stringify(repository)} is no repository name.`);
  if (tag !== undefined && !isTag(tag)) throw new InvalidReference(`${JSON.stringify(tag)} is no tag.`);
  const layout = await readLayout(options.layout);
  const { digest, mediaType } = layout.descriptor;
  const registry = new Registry(options);
  const result: PushResult = {
    digest,
    reference: `${options.registry}/${repository}@${digest}`,
    unchanged: false,
    uploadedBytes: 0,
    uploadedBlobs: 0,
    skippedBlobs: 0,
    mountedBlobs: 0,
  };
  try {
    const blobs = uniqueBlobs(layout);
    if ((await registry.headManifest(repository, tag ?? digest))?.digest === digest) {
      log(`${tag ?? digest} is there already`);
      return { ...result, unchanged: true, skippedBlobs: blobs.length };
    }
    const base = openBase(layout, options);
    try {
      await inParallel(blobs, uploadsAtOnce, async (blob) => {
        const how = await pushBlob(registry, repository, layout, blob, base);
        if (how === 'there') result.skippedBlobs++;
        else if (how === 'mounted') result.mountedBlobs++;
        else {
          result.uploadedBlobs++;
          result.uploadedBytes += blob.size;
        }
        log(`${nameOf(blob)} ${blob.digest.slice(7, 19)} (${blob.size} bytes): ${how}`);
      });
    } finally {
      base?.registry.close();
    }
    await registry.putManifest(repository, tag ?? digest, { mediaType, bytes: layout.manifestBytes });
    result.uploadedBytes += layout.manifestBytes.length;
    const stored = await registry.getManifest(repository, tag ?? digest);
    if (!stored.bytes.equals(layout.manifestBytes))
      throw new DigestMismatch(`${options.registry} stored ${stored.digest} where ${digest} was pushed.`, {
        hint: 'Something between here and the registry rewrites manifests, or another push moved the tag.',
      });
    return result;
  } finally {
    registry.close();
  }
}

interface BaseSource {
  host: string;
  repository: string;
  registry: Registry;
}

function openBase({ base }: Layout, options: PushOptions): BaseSource | undefined {
  if (!base) return undefined;
  const { registry: host, repository } = parseReference(base);
  const credential =
    host === options.registry ? options.credential : async () => await options.baseCredential?.(host);
  return { host, repository, registry: new Registry({ registry: host, credential }) };
}

async function pushBlob(
  registry: Registry,
  repository: string,
  layout: Layout,
  blob: Descriptor,
  base: BaseSource | undefined,
): Promise<'there' | 'mounted' | 'uploaded' | 'streamed from the base'> {
  if (await registry.hasBlob(repository, blob.digest)) return 'there';
  if ((await blobSize(layout.path, blob.digest)) !== undefined) {
    await registry.putBlob(repository, blob, () => createReadStream(blobFile(layout.path, blob.digest)));
    return 'uploaded';
  }
  // readLayout has seen to it that what is missing comes from a base.
  if (!base) throw new InvalidReference(`Layer ${blob.digest} is nowhere.`);
  if (base.host === registry.registry && (await registry.mountBlob(repository, blob.digest, base.repository)))
    return 'mounted';
  await registry.putBlob(repository, blob, () => base.registry.getBlob(base.repository, blob.digest));
  return 'streamed from the base';
}

function uniqueBlobs({ manifest }: Layout): Descriptor[] {
  const blobs = [...manifest.layers, manifest.config];
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

const nameOf = ({ annotations: notes, mediaType }: Descriptor) =>
  notes?.[annotations.layer] ?? (mediaType.includes('config') ? 'config' : 'base layer');
