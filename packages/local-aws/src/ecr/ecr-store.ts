import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import { type Repository, repositoryNotFound } from './repository.ts';
import { Tokens } from './tokens.ts';

/**
 * ECR on disk: `repositories/<name>.json` (the commit point of every push), `blobs/<sha256>` shared by all
 * repositories, `uploads/` swept at start.
 */
export class EcrStore {
  readonly tokens: Tokens;
  readonly #folder: string;
  readonly #repositories = new Map<string, Repository>();
  #settings: Record<string, string>;

  constructor(folder: string) {
    this.#folder = folder;
    rmSync(join(folder, 'uploads'), { recursive: true, force: true });
    for (const sub of ['repositories', 'blobs', 'uploads']) mkdirSync(join(folder, sub), { recursive: true });
    // Only this class writes below, so the shapes are its own.
    for (const file of readdirSync(join(folder, 'repositories'))) {
      if (!file.endsWith('.json')) continue;
      const repository = readJsonFile(join(folder, 'repositories', file)) as Repository;
      this.#repositories.set(repository.name, repository);
    }
    this.#settings = (readJsonFile(join(folder, 'settings.json')) ?? {}) as Record<string, string>;
    const keyFile = join(folder, 'token-key');
    if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(32), { mode: 0o600 });
    this.tokens = new Tokens(readFileSync(keyFile));
  }

  /** Every repository, by name. */
  get repositories(): Repository[] {
    return [...this.#repositories.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): Repository | undefined {
    return this.#repositories.get(name);
  }

  /** The repository; throws RepositoryNotFoundException. */
  get(name: string): Repository {
    const repository = this.#repositories.get(name);
    if (!repository) throw repositoryNotFound(name);
    return repository;
  }

  /** Writes a repository that was made or changed; nothing counts before this. */
  save(repository: Repository): void {
    writeJsonFile(this.#file(repository.name), repository);
    this.#repositories.set(repository.name, repository);
  }

  delete(name: string): void {
    rmSync(this.#file(name), { force: true });
    this.#repositories.delete(name);
  }

  blobPath(digest: string): string {
    return join(this.#folder, 'blobs', digest.replace('sha256:', ''));
  }

  uploadPath(id: string): string {
    return join(this.#folder, 'uploads', id);
  }

  /** A manifest's bytes, as pushed. */
  manifest(digest: string): Buffer {
    return readFileSync(this.blobPath(digest));
  }

  setting(name: string): string | undefined {
    return this.#settings[name];
  }

  setSetting(name: string, value: string): void {
    this.#settings = { ...this.#settings, [name]: value };
    writeJsonFile(join(this.#folder, 'settings.json'), this.#settings);
  }

  #file(name: string): string {
    return join(this.#folder, 'repositories', `${encodeURIComponent(name)}.json`);
  }
}
