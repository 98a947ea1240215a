import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch, writeFiles } from '../../test/scratch.ts';
import { DockerLoginFailed, dockerCredential } from './docker-credential.ts';

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

/** A home with Docker's config and credential helpers (shell scripts) on its PATH. */
async function home(config: unknown, helpers: Record<string, string> = {}): Promise<NodeJS.ProcessEnv> {
  const folder = await scratch();
  await writeFiles(folder, {
    '.docker/config.json': typeof config === 'string' ? config : JSON.stringify(config),
  });
  for (const [name, script] of Object.entries(helpers)) {
    await writeFiles(folder, { [`bin/docker-credential-${name}`]: `#!/bin/sh\nread server\n${script}\n` });
    chmodSync(join(folder, `bin/docker-credential-${name}`), 0o755);
  }
  return { HOME: folder, PATH: `${folder}/bin:${process.env.PATH}` };
}

describe('dockerCredential', () => {
  it('reads what docker login wrote, under any of the names it uses', async () => {
    const env = await home({
      auths: {
        'r.example': auth('me:pass:word'),
        'https://s.example': auth('you:x\0\0'),
        'https://index.docker.io/v1/': { username: 'hub', password: 'h' },
      },
    });
    expect(await dockerCredential('r.example', env)).toEqual({ username: 'me', password: 'pass:word' });
    expect(await dockerCredential('s.example', env)).toEqual({ username: 'you', password: 'x' });
    expect(await dockerCredential('docker.io', env)).toEqual({ username: 'hub', password: 'h' });
    expect(await dockerCredential('other.example', env)).toBeUndefined();
  });

  it('prefers DOCKER_CONFIG, and does without a file', async () => {
    const env = await home({ auths: { 'r.example': auth('a:b') } });
    expect(
      await dockerCredential('r.example', { HOME: '/nowhere', DOCKER_CONFIG: join(env.HOME!, '.docker') }),
    ).toEqual({ username: 'a', password: 'b' });
    expect(await dockerCredential('r.example', { HOME: '/nowhere' })).toBeUndefined();
  });

  it("asks the registry's helper, then the store, then the file", async () => {
    const helpers = {
      mine: 'echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"helper\\",\\"Secret\\":\\"$server\\"}"',
      store:
        'case $server in *s.example) echo \'{"Username":"store","Secret":"s"}\';; *) echo "credentials not found in native keychain"; exit 1;; esac',
    };
    const env = await home(
      {
        credHelpers: { 'h.example': 'mine' },
        credsStore: 'store',
        auths: { 'f.example': auth('file:f'), 'h.example': auth('x:y'), 's.example': {} },
      },
      helpers,
    );
    expect(await dockerCredential('h.example', env)).toEqual({ username: 'helper', password: 'h.example' });
    expect(await dockerCredential('s.example', env)).toEqual({ username: 'store', password: 's' });
    expect(await dockerCredential('f.example', env)).toEqual({ username: 'file', password: 'f' });
  });

  it.each([
    ['is not JSON', 'echo secret', /something else than JSON/],
    ['fails', 'echo locked; exit 3', /no login for r\.example: locked \(exit 3\)/],
    ['lacks a field', 'echo \'{"Username":"u"}\'', /without a user and a secret/],
    ['holds an identity token', 'echo \'{"Username":"<token>","Secret":"t"}\'', /identity token/],
  ])('says that an answer %s', async (_, script, message) => {
    const env = await home({ credHelpers: { 'r.example': 'bad' } }, { bad: script });
    await expect(dockerCredential('r.example', env)).rejects.toThrow(message);
  });

  it('never runs a path and names a helper that is missing', async () => {
    for (const name of ['../../bin/sh', 'x y', 'a;b'])
      await expect(
        dockerCredential('r.example', await home({ credHelpers: { 'r.example': name } })),
      ).rejects.toThrow(/no credential helper's name/);
    await expect(dockerCredential('r.example', await home({ credsStore: 'missing' }))).rejects.toThrow(
      /docker-credential-missing.*does not start/,
    );
  });

  it('keeps the file out of its errors', async () => {
    const failed = await dockerCredential('r.example', await home('{"auths": "c2VjcmV0')).catch(
      (error) => error,
    );
    expect(failed).toBeInstanceOf(DockerLoginFailed);
    expect(failed.message).not.toContain('c2Vj');
    await expect(
      dockerCredential('r.example', await home({ auths: { 'r.example': auth('no colon') } })),
    ).rejects.toThrow(/no user and password/);
  });
});
