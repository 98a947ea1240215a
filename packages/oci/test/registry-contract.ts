import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../src/digest.ts';
import { RegistryError } from '../src/errors.ts';
import { type Manifest, mediaTypes, parseManifest } from '../src/manifest.ts';
import type { Credential } from '../src/registry/authorization.ts';
import { Registry } from '../src/registry/registry.ts';

/** A registry to hold to the contract; `prepare` makes a repository where the registry wants that first. */
export interface RegistryUnderTest {
  registry: string;
  credential: Credential;
  prepare?(repository: string): Promise<void>;
  close(): Promise<void>;
}

/** What {@link Registry} needs of every registry, and what every registry does to it. */
export function registryContract(
  name: string,
  skip: string | undefined,
  start: () => Promise<RegistryUnderTest>,
): void {
  describe.skipIf(skip)(`registry contract: ${name}${skip ? ` (${skip})` : ''}`, () => {
    let server: RegistryUnderTest;
    let registry: Registry;
    const open = (credential?: Credential) =>
      new Registry({ registry: server.registry, credential, patience: { attempts: 1, firstWaitMs: 1 } });
    const put = async (repository: string, bytes: Buffer) => {
      const blob = { digest: digestOf(bytes), size: bytes.length };
      await registry.putBlob(repository, blob, () => Readable.from([bytes]));
      return blob;
    };

    beforeAll(async () => {
      server = await start();
      for (const repository of ['one/app', 'two/app']) await server.prepare?.(repository);
      registry = open(server.credential);
    });
    afterAll(async () => {
      registry?.close();
      await server?.close();
    });

    it('stores a blob and gives the same bytes back', async () => {
      const bytes = randomBytes(3_000_000);
      expect(await registry.hasBlob('one/app', digestOf(bytes))).toBe(false);
      const { digest } = await put('one/app', bytes);
      expect(await registry.hasBlob('one/app', digest)).toBe(true);
      const chunks: Buffer[] = [];
      for await (const chunk of await registry.getBlob('one/app', digest)) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    });

    it('stores an empty blob', async () => {
      const { digest } = await put('one/app', Buffer.alloc(0));
      expect(await registry.hasBlob('one/app', digest)).toBe(true);
    });

    it('refuses bytes that are not what their digest says', async () => {
      const digest = digestOf('something else');
      const upload = registry.putBlob('one/app', { digest, size: 5 }, () =>
        Readable.from([Buffer.from('bytes')]),
      );
      await expect(upload).rejects.toThrow(/sha256:/);
      expect(await registry.hasBlob('one/app', digest)).toBe(false);
    });

    it('mounts a blob of another repository, or says that it does not', async () => {
      const { digest } = await put('one/app', randomBytes(1000));
      expect(await registry.hasBlob('two/app', digest)).toBe(false);
      const mounted = await registry.mountBlob('two/app', digest, 'one/app');
      expect(await registry.hasBlob('two/app', digest)).toBe(mounted);
      expect(await registry.mountBlob('two/app', digestOf('nowhere'), 'one/app')).toBe(false);
    });

    it('stores a manifest under a tag and its digest, byte for byte', async () => {
      const config = await put('one/app', Buffer.from('{}'));
      const layer = await put('one/app', randomBytes(100));
      const manifest: Manifest = {
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: { mediaType: mediaTypes.config, ...config },
        layers: [{ mediaType: mediaTypes.layer, ...layer, annotations: { note: 'kept' } }],
      };
      const bytes = Buffer.from(JSON.stringify(manifest, null, 3));
      await registry.putManifest('one/app', 'v1', { mediaType: mediaTypes.manifest, bytes });
      for (const reference of ['v1', digestOf(bytes)]) {
        const stored = await registry.getManifest('one/app', reference);
        expect(stored.bytes.equals(bytes)).toBe(true);
        expect(stored.digest).toBe(digestOf(bytes));
        expect(parseManifest(stored.bytes, stored.mediaType, 'It')).toEqual(manifest);
        expect(await registry.headManifest('one/app', reference)).toMatchObject({
          digest: digestOf(bytes),
          mediaType: mediaTypes.manifest,
          size: bytes.length,
        });
      }
    });

    it('refuses a manifest whose blobs it does not have', async () => {
      const missing = { mediaType: mediaTypes.layer, digest: digestOf('missing'), size: 7 };
      const bytes = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: { ...missing, mediaType: mediaTypes.config },
          layers: [missing],
        }),
      );
      await expect(
        registry.putManifest('one/app', 'broken', { mediaType: mediaTypes.manifest, bytes }),
      ).rejects.toThrow(RegistryError);
      expect(await registry.headManifest('one/app', 'broken')).toBeUndefined();
    });

    it('knows nothing of what was never pushed', async () => {
      await expect(registry.getManifest('one/app', 'never')).rejects.toMatchObject({
        status: 404,
        code: 'MANIFEST_UNKNOWN',
      });
      expect(await registry.headManifest('one/app', 'never')).toBeUndefined();
      await expect(registry.getBlob('one/app', digestOf('never'))).rejects.toMatchObject({ status: 404 });
    });

    it('lets nobody in without the right login', async () => {
      for (const credential of [undefined, { username: 'AWS', password: 'wrong' }]) {
        const stranger = open(credential);
        await expect(stranger.hasBlob('one/app', digestOf(''))).rejects.toMatchObject({
          status: expect.toSatisfy((s) => s === 401 || s === 403),
        });
        await expect(
          stranger.putBlob('one/app', { digest: digestOf(''), size: 0 }, () => Readable.from([])),
        ).rejects.toThrow(/Log in/);
        stranger.close();
      }
    });
  });
}
