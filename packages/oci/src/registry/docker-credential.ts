import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OciError } from '../errors.ts';
import type { Credential } from './authorization.ts';

/** Docker's own login file, or a program it names, that can't be used. */
export class DockerLoginFailed extends OciError {}

/**
 * The login that `docker login` left for a registry: in `config.json` (of `DOCKER_CONFIG` or `~/.docker`), or with the
 * credential helper it names. Undefined when there is none.
 */
export async function dockerCredential(
  registry: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credential | undefined> {
  const file = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own words would quote the file, which holds passwords.
    throw new DockerLoginFailed(`${file} is not JSON.`);
  }
  const { credHelpers, credsStore, auths } = Object(json);
  const servers = namesOf(registry);
  for (const server of servers) {
    const helper = Object(credHelpers)[server];
    if (typeof helper === 'string') return await askHelper(helper, server, env);
  }
  if (typeof credsStore === 'string' && credsStore !== '')
    for (const server of servers) {
      const found = await askHelper(credsStore, server, env);
      if (found) return found;
    }
  for (const server of servers) {
    const found = fromEntry(Object(auths)[server], file, server);
    if (found) return found;
  }
  return undefined;
}

/** Docker Hub's logins have been kept under several names. */
const namesOf = (registry: string) =>
  registry === 'docker.io'
    ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io']
    : [registry, `https://${registry}`, `http://${registry}`];

function fromEntry(entry: unknown, file: string, server: string): Credential | undefined {
  const { auth, username, password, identitytoken } = Object(entry);
  if (typeof identitytoken === 'string' && identitytoken !== '') throw noTokens(server);
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string' || auth === '') return undefined;
  const [, user, secret] =
    Buffer.from(auth, 'base64')
      .toString('utf8')
      .match(/^([^:]+):(.*)$/s) ?? [];
  if (user === undefined || secret === undefined)
    throw new DockerLoginFailed(`${file} has a login for ${server} that is no user and password.`);
  // Docker pads some of them with zero bytes.
  return { username: user, password: secret.replace(/\0+$/, '') };
}

const helperTimeoutMs = 30_000;

/** Docker's protocol for helpers: the server on stdin, `{"Username", "Secret"}` on stdout, an exit code when it has none. */
async function askHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
): Promise<Credential | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name))
    throw new DockerLoginFailed(`${JSON.stringify(name)} is no credential helper's name.`);
  const { code, output } = await new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(program, ['get'], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: helperTimeoutMs,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.on('close', (exit) => resolve({ code: exit, output: Buffer.concat(chunks).toString() }));
    child.on('error', (cause) =>
      reject(
        new DockerLoginFailed(`${program}, which Docker's config names for ${server}, does not start.`, {
          cause,
          hint: 'Install it, or take it out of ~/.docker/config.json.',
        }),
      ),
    );
    // A helper that ends without reading is told by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(server);
  });
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw new DockerLoginFailed(
      `${program} has no login for ${server}: ${output.trim().slice(0, 200)} (exit ${code})`,
    );
  }
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw new DockerLoginFailed(`${program} answered for ${server} with something else than JSON.`);
  }
  const { Username, Secret } = Object(answer);
  if (typeof Username !== 'string' || typeof Secret !== 'string')
    throw new DockerLoginFailed(`${program} answered for ${server} without a user and a secret.`);
  if (Username === '<token>') throw noTokens(server);
  return { username: Username, password: Secret };
}

const noTokens = (server: string) =>
  new DockerLoginFailed(`Docker keeps an identity token for ${server}, which only Docker itself can use.`, {
    hint: `Log in with a user and an access token: docker login ${server}`,
  });
