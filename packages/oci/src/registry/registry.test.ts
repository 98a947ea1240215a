import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Asked, scriptedRegistry } from '../../test/scripted-registry.ts';
import { digestOf } from '../digest.ts';
import { DigestMismatch, RegistryError, TagIsImmutable } from '../errors.ts';
import { mediaTypes } from '../manifest.ts';
import { Registry } from './registry.ts';

const quick = { attempts: 3, firstWaitMs: 1 };
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const error = (code: string, message: string) => JSON.stringify({ errors: [{ code, message }] });

async function read(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

describe('login', () => {
  it('fetches a Bearer token once for requests that were refused together, and one more to push', async () => {
    const blob = digestOf('x');
    const server = await scriptedRegistry(({ line, authorization }, response, request) => {
      if (line.startsWith('GET /token'))
        return response.end(JSON.stringify({ token: line.includes('push') ? 'rw' : 'ro' }));
      const wanted = line.startsWith('POST') ? 'Bearer rw' : 'Bearer ro';
      if (authorization === wanted) return response.writeHead(line.startsWith('POST') ? 201 : 200).end();
      return response
        .writeHead(401, {
          'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="s v",scope="ignored"`,
        })
        .end();
    });
    const registry = new Registry({
      registry: server.registry,
      credential: { username: 'u', password: 'p' },
      patience: quick,
    });
    expect(await Promise.all([1, 2, 3].map(() => registry.hasBlob('a/b', blob)))).toEqual([true, true, true]);
    expect(await registry.mountBlob('a/b', blob, 'c')).toBe(true);
    const tokens = server.asked.filter(({ line }) => line.startsWith('GET /token'));
    expect(tokens.map(({ line }) => decodeURIComponent(line))).toEqual([
      'GET /token?service=s+v&scope=repository:a/b:pull',
      'GET /token?service=s+v&scope=repository:a/b:pull,push',
    ]);
    expect(tokens[0]?.authorization).toBe(basic('u', 'p'));
  });

  it('asks for a new login when the old one has expired, in the middle of a push too', async () => {
    const bytes = Buffer.from('layer');
    let valid = 'one';
    const server = await scriptedRegistry(({ line, authorization }, response) => {
      if (authorization !== basic('AWS', valid))
        // As ECR says it: 401 without a login, 403 with an old one.
        return response
          .writeHead(authorization ? 403 : 401, { 'www-authenticate': 'Basic realm="r"' })
          .end(error('DENIED', 'Your authorization token has expired.'));
      if (line.startsWith('POST')) {
        if (valid === 'one') valid = 'two';
        return response.writeHead(202, { location: '/v2/a/blobs/uploads/1?state=s' }).end();
      }
      return response.writeHead(line.startsWith('PUT') ? 201 : 404).end();
    });
    const logins = ['one', 'two'];
    const registry = new Registry({
      registry: server.registry,
      credential: async () => ({ username: 'AWS', password: logins.shift() ?? 'none' }),
      patience: quick,
    });
    await registry.putBlob('a', { digest: digestOf(bytes), size: bytes.length }, () =>
      Readable.from([bytes]),
    );
    expect(logins).toEqual([]);
    const put = server.asked.at(-1);
    expect(put?.line).toBe(`PUT /v2/a/blobs/uploads/1?state=s&digest=${encodeURIComponent(digestOf(bytes))}`);
    expect(put?.body.equals(bytes)).toBe(true);
  });

  it('says that a token service answers with something else', async () => {
    for (const answer of ['<html>', '{}', 'null', '{"token": 1}']) {
      const server = await scriptedRegistry(({ line }, response, request) =>
        line.startsWith('GET /token')
          ? response.end(answer)
          : response
              .writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` })
              .end(),
      );
      const registry = new Registry({ registry: server.registry, patience: quick });
      await expect(registry.hasBlob('a', digestOf(''))).rejects.toThrow(/the answer holds no token/);
    }
  });

  it('gives up on a login that is refused, without repeating it', async () => {
    const server = await scriptedRegistry((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(error('UNAUTHORIZED', 'no')),
    );
    const registry = new Registry({
      registry: server.registry,
      credential: { username: 'u', password: 'p' },
      patience: quick,
    });
    await expect(registry.getManifest('a', 'b')).rejects.toThrow(
      `[GET] http://${server.registry}/v2/a/manifests/b: 401 UNAUTHORIZED no`,
    );
    expect(server.asked.map(({ authorization }) => authorization)).toEqual([undefined, basic('u', 'p')]);
  });

  it('sends no login to a realm that is not https', async () => {
    const server = await scriptedRegistry((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://elsewhere.example/token"' }).end(),
    );
    const registry = new Registry({
      registry: server.registry,
      credential: { username: 'u', password: 'p' },
      patience: quick,
    });
    await expect(registry.hasBlob('a', digestOf(''))).rejects.toThrow(/not https/);
  });
});

describe('redirects', () => {
  it('are followed to another host, without the login', async () => {
    const storage = await scriptedRegistry((_, response) => response.end('blob'));
    const server = await scriptedRegistry(({ authorization }, response) => {
      if (!authorization) return response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      return response
        .writeHead(307, { location: `http://${storage.registry}/bucket/x?X-Amz-Signature=s` })
        .end();
    });
    const registry = new Registry({
      registry: server.registry,
      credential: { username: 'u', password: 'p' },
      patience: quick,
    });
    expect(await read(await registry.getBlob('a', digestOf('blob')))).toBe('blob');
    expect(storage.asked).toEqual([
      { line: 'GET /bucket/x?X-Amz-Signature=s', authorization: undefined, body: Buffer.alloc(0) },
    ]);
  });

  it('are followed for a look, too', async () => {
    const storage = await scriptedRegistry((_, response) => response.end());
    const server = await scriptedRegistry((_, response) =>
      response.writeHead(307, { location: `http://${storage.registry}/x` }).end(),
    );
    expect(
      await new Registry({ registry: server.registry, patience: quick }).hasBlob('a', digestOf('x')),
    ).toBe(true);
    expect(storage.asked.map(({ line }) => line)).toEqual(['HEAD /x']);
  });

  it('end when they go in circles, nowhere, or away from https', async () => {
    for (const location of [
      '/v2/a/blobs/again',
      undefined,
      'http://elsewhere.example/',
      'file:///etc/passwd',
    ]) {
      const server = await scriptedRegistry((_, response) =>
        response.writeHead(302, location ? { location } : {}).end(),
      );
      const registry = new Registry({ registry: server.registry, patience: quick });
      await expect(registry.getBlob('a', digestOf('blob'))).rejects.toThrow(/redirected/);
      expect(server.asked.length).toBeLessThan(8);
    }
  });

  it("keep a signature out of an error's words", async () => {
    const storage = await scriptedRegistry((_, response) => response.writeHead(403).end('<Error>no</Error>'));
    const server = await scriptedRegistry((_, response) =>
      response.writeHead(307, { location: `http://${storage.registry}/x?X-Amz-Signature=secret` }).end(),
    );
    const failed = await new Registry({ registry: server.registry, patience: quick })
      .getBlob('a', digestOf('b'))
      .catch((e) => e);
    expect(failed).toBeInstanceOf(RegistryError);
    expect(failed.message).not.toContain('secret');
  });
});

describe('a registry that lies', () => {
  it('about a manifest is found out', async () => {
    const honest = Buffer.from('{"schemaVersion":2}');
    for (const headers of [{}, { 'docker-content-digest': digestOf('other') }]) {
      const server = await scriptedRegistry((_, response) => response.writeHead(200, headers).end(honest));
      const registry = new Registry({ registry: server.registry, patience: { attempts: 1, firstWaitMs: 1 } });
      await expect(registry.getManifest('a', digestOf('asked'))).rejects.toThrow(DigestMismatch);
      if ('docker-content-digest' in headers)
        await expect(registry.getManifest('a', 'tag')).rejects.toThrow(DigestMismatch);
    }
  });

  it('about a blob is found out at its end', async () => {
    const server = await scriptedRegistry((_, response) => response.end('other bytes'));
    const blob = await new Registry({ registry: server.registry, patience: quick }).getBlob(
      'a',
      digestOf('bytes'),
    );
    await expect(read(blob)).rejects.toThrow(DigestMismatch);
  });

  it('or breaks off is found out', async () => {
    const server = await scriptedRegistry((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    const registry = new Registry({ registry: server.registry, patience: quick });
    await expect(read(await registry.getBlob('a', digestOf('x')))).rejects.toThrow();
    await expect(registry.getManifest('a', 'tag')).rejects.toThrow(/broke off/);
  });

  it('or floods is cut off', async () => {
    const server = await scriptedRegistry((_, response) => response.end(Buffer.alloc(5 * 1024 * 1024)));
    await expect(
      new Registry({ registry: server.registry, patience: quick }).getManifest('a', 'tag'),
    ).rejects.toThrow(/over 4194304 bytes/);
  });
});

describe('patience', () => {
  const failing = (times: number, status: number, headers: Record<string, string> = {}) => {
    let left = times;
    return scriptedRegistry((_, response) =>
      left-- > 0 ? response.writeHead(status, headers).end() : response.writeHead(200).end(),
    );
  };

  it.each([429, 500, 503])('asks again after %i', async (status) => {
    const server = await failing(2, status);
    expect(
      await new Registry({ registry: server.registry, patience: quick }).hasBlob('a', digestOf('')),
    ).toBe(true);
    expect(server.asked).toHaveLength(3);
  });

  it('ends after the last attempt with what the registry said', async () => {
    const server = await failing(9, 503);
    await expect(
      new Registry({ registry: server.registry, patience: quick }).hasBlob('a', digestOf('')),
    ).rejects.toThrow('503');
    expect(server.asked).toHaveLength(3);
  });

  it('never repeats a refusal', async () => {
    const server = await failing(9, 400);
    await expect(
      new Registry({ registry: server.registry, patience: quick }).hasBlob('a', digestOf('')),
    ).rejects.toThrow('400');
    expect(server.asked).toHaveLength(1);
  });

  it('waits as long as Retry-After says, and gives up when that is too long', async () => {
    const server = await failing(1, 429, { 'retry-after': '1' });
    const start = performance.now();
    await new Registry({ registry: server.registry, patience: quick }).hasBlob('a', digestOf(''));
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
    const slow = await failing(1, 429, { 'retry-after': '3600' });
    await expect(
      new Registry({ registry: slow.registry, patience: quick }).hasBlob('a', digestOf('')),
    ).rejects.toMatchObject({ status: 429, retryAfterMs: 3_600_000 });
  });

  it('names a registry that is not there', async () => {
    await expect(
      new Registry({ registry: '127.0.0.1:9', patience: quick }).hasBlob('a', digestOf('')),
    ).rejects.toThrow('[HEAD] http://127.0.0.1:9/v2/a/blobs/');
  });
});

describe('uploads', () => {
  const bytes = Buffer.alloc(300_000, 'x');
  const blob = { digest: digestOf(bytes), size: bytes.length };

  it('start anew when one breaks, and skip what had arrived after all', async () => {
    let puts = 0;
    let arrived = false;
    const server = await scriptedRegistry(({ line }: Asked, response, request) => {
      if (line.startsWith('POST'))
        return response.writeHead(202, { location: `/v2/a/blobs/uploads/${puts}` }).end();
      if (line.startsWith('HEAD')) return response.writeHead(arrived ? 200 : 404).end();
      puts++;
      arrived = puts === 2;
      return request.socket.destroy();
    });
    let opened = 0;
    await new Registry({ registry: server.registry, patience: quick }).putBlob('a', blob, () => {
      opened++;
      return Readable.from([bytes]);
    });
    expect([puts, opened]).toEqual([2, 2]);
    expect(server.asked.at(-1)?.line).toMatch(/^HEAD/);
  });

  it('never complete with bytes that are not the announced ones', async () => {
    const server = await scriptedRegistry(({ line }, response) =>
      response.writeHead(line.startsWith('POST') ? 202 : 201, { location: '/v2/a/blobs/uploads/1' }).end(),
    );
    const registry = new Registry({ registry: server.registry, patience: { attempts: 1, firstWaitMs: 1 } });
    for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.alloc(bytes.length, 'y')])
      await expect(registry.putBlob('a', blob, () => Readable.from([wrong]))).rejects.toThrow(DigestMismatch);
    await expect(
      registry.putBlob('a', blob, () =>
        Readable.from(
          (async function* () {
            yield bytes.subarray(0, 9);
            throw new Error('disk gone');
          })(),
        ),
      ),
    ).rejects.toThrow('disk gone');
  });

  it('say what a registry refuses while they still run', async () => {
    const server = await scriptedRegistry((_, response) =>
      response.writeHead(202, { location: '/v2/a/blobs/uploads/1' }).end(),
    );
    const { createServer } = await import('node:http');
    const early = createServer((request, response) => {
      if (request.method === 'PUT') response.writeHead(413).end(error('SIZE_INVALID', 'too large'));
      else response.writeHead(202, { location: '/v2/a/blobs/uploads/1' }).end();
    });
    await new Promise<void>((resolve) => early.listen(0, '127.0.0.1', resolve));
    const address = early.address();
    const registry = new Registry({
      registry: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
      patience: quick,
    });
    const large = { digest: digestOf('unused'), size: 50_000_000 };
    const source = () =>
      Readable.from(
        (async function* () {
          for (let i = 0; i < 500; i++) yield Buffer.alloc(100_000);
        })(),
      );
    await expect(registry.putBlob('a', large, source)).rejects.toThrow(/413 SIZE_INVALID too large/);
    early.closeAllConnections();
    await new Promise((resolve) => early.close(resolve));
    expect(server.asked).toEqual([]);
  });
});

describe('tags', () => {
  it('that are immutable are an error of their own', async () => {
    const server = await scriptedRegistry((_, response) =>
      response
        .writeHead(400)
        .end(
          error(
            'TAG_INVALID',
            "The image tag '1' already exists and cannot be overwritten because the tag is immutable.",
          ),
        ),
    );
    const registry = new Registry({ registry: server.registry, patience: quick });
    await expect(
      registry.putManifest('a', '1', { mediaType: mediaTypes.manifest, bytes: Buffer.from('{}') }),
    ).rejects.toThrow(TagIsImmutable);
  });
});
