import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import type { ChecksumName } from './checksums.ts';

/** One version of an object; without `data` it is a delete marker. */
export interface ObjectVersion {
  versionId: string;
  lastModified: string;
  sizeBytes: number;
  etag: string;
  /** The file under `data/` that holds the bytes. */
  data?: string;
  /** Headers given at upload and returned at download: content type and the like, `x-amz-meta-…`. */
  headers: Record<string, string>;
  checksum?: { name: ChecksumName; value: string; type: 'FULL_OBJECT' | 'COMPOSITE' };
}

/** Everything known of one key, newest version first. */
export interface ObjectEntry {
  key: string;
  versions: ObjectVersion[];
}

/** `Enabled` or `Suspended`; `undefined` when versioning was never turned on. */
export type Versioning = 'Enabled' | 'Suspended' | undefined;

/**
 * One bucket on disk: `bucket.json`, `objects/<sha256 of key>.json` (the commit point of every write) and
 * `data/<uuid>` (bytes, written once). Keys never become paths, so no key can reach outside.
 */
export class Bucket {
  readonly name: string;
  readonly folder: string;
  readonly createdAt: string;
  #versioning: Versioning;
  readonly #entries = new Map<string, ObjectEntry>();
  #sorted: string[] | undefined;

  constructor(root: string, name: string) {
    this.name = name;
    this.folder = join(root, name);
    for (const sub of ['objects', 'data', 'uploads']) mkdirSync(join(this.folder, sub), { recursive: true });
    // Only this class writes here, so the shape is its own.
    const saved = readJsonFile(join(this.folder, 'bucket.json')) as
      | { createdAt: string; versioning?: Versioning }
      | undefined;
    this.createdAt = saved?.createdAt ?? new Date().toISOString();
    this.#versioning = saved?.versioning;
    if (!saved) this.#save();
    this.#load();
  }

  get versioning(): Versioning {
    return this.#versioning;
  }

  set versioning(value: Versioning) {
    this.#versioning = value;
    this.#save();
  }

  /** Keys in S3's order (UTF-8 bytes), delete markers' keys included. */
  get keys(): string[] {
    this.#sorted ??= [...this.#entries.keys()]
      .map((key) => Buffer.from(key))
      .sort(Buffer.compare)
      .map(String);
    return this.#sorted;
  }

  entry(key: string): ObjectEntry | undefined {
    return this.#entries.get(key);
  }

  /** The version a plain GET sees; `undefined` when there is none or it is deleted. */
  current(key: string): ObjectVersion | undefined {
    const newest = this.#entries.get(key)?.versions[0];
    return newest?.data ? newest : undefined;
  }

  /** A file name for bytes that are still arriving. */
  incoming(): string {
    return join(this.folder, 'data', `incoming-${randomUUID()}`);
  }

  dataPath(version: ObjectVersion): string {
    return join(this.folder, 'data', version.data ?? '');
  }

  /** Makes received bytes (or, without `file`, a delete marker) the newest version of a key. */
  put(
    key: string,
    file: string | undefined,
    version: Omit<ObjectVersion, 'versionId' | 'data'>,
  ): ObjectVersion {
    const added: ObjectVersion = {
      ...version,
      versionId: this.#versioning === 'Enabled' ? randomUUID().replaceAll('-', '') : 'null',
    };
    if (file) {
      added.data = randomUUID();
      renameSync(file, join(this.folder, 'data', added.data));
    }
    const versions = this.#entries.get(key)?.versions ?? [];
    const kept = versions.filter((one) => one.versionId !== added.versionId);
    this.#write(key, [added, ...kept]);
    for (const one of versions) if (!kept.includes(one)) this.#dropData(one);
    return added;
  }

  /** Removes one version for good. */
  remove(key: string, versionId: string): ObjectVersion | undefined {
    const versions = this.#entries.get(key)?.versions ?? [];
    const removed = versions.find((one) => one.versionId === versionId);
    if (!removed) return undefined;
    this.#write(
      key,
      versions.filter((one) => one !== removed),
    );
    this.#dropData(removed);
    return removed;
  }

  #save(): void {
    writeJsonFile(join(this.folder, 'bucket.json'), {
      createdAt: this.createdAt,
      versioning: this.#versioning,
    });
  }

  #write(key: string, versions: ObjectVersion[]): void {
    const file = join(this.folder, 'objects', `${createHash('sha256').update(key).digest('hex')}.json`);
    if (versions.length === 0) {
      rmSync(file, { force: true });
      this.#entries.delete(key);
    } else {
      const entry = { key, versions };
      writeJsonFile(file, entry);
      this.#entries.set(key, entry);
    }
    this.#sorted = undefined;
  }

  #dropData(version: ObjectVersion): void {
    if (version.data) rmSync(this.dataPath(version), { force: true });
  }

  /** Reads the index and sweeps bytes that a killed process never committed. */
  #load(): void {
    const used = new Set<string>();
    for (const file of readdirSync(join(this.folder, 'objects'))) {
      if (!file.endsWith('.json')) continue;
      const entry = readJsonFile(join(this.folder, 'objects', file)) as ObjectEntry;
      this.#entries.set(entry.key, entry);
      for (const version of entry.versions) if (version.data) used.add(version.data);
    }
    for (const file of readdirSync(join(this.folder, 'data')))
      if (!used.has(file)) rmSync(join(this.folder, 'data', file), { force: true });
  }
}
