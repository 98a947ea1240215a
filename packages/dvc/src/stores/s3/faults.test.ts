import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { add, openRepo, pull, push } from '../../index.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../../test/fault-proxy.ts';
import { hello, makeRepo, scratch, tree, write } from '../../test/sandbox.ts';
import { patience } from '../../transfer/retry.ts';

let aws: LocalAws;
let proxy: FaultProxy;
let box: ReturnType<typeof scratch>;
let dir: string;
let count = 0;
const large = Buffer.alloc((9 << 20) + 77);
for (let at = 0; at < large.length - 4; at += 512) large.writeUInt32LE(at, at);

beforeAll(async () => {
  patience.firstDelayMs = 1;
  patience.paceMs = 300;
  aws = await startLocalAws();
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  proxy = await startFaultProxy(aws.url);
  const client = new S3Client({ forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'data' }));
  client.destroy();
  box = scratch();
  // One repository's worth of objects, for every test to pull.
  dir = makeRepo(box.dir, 'source', 's3://data/x');
  write(dir, { 'd/hello': 'hello\n', 'd/large': large, 'd/other': 'other' });
  await add(openRepo(dir), { targets: ['d'] });
  await push(openRepo(dir));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
  await aws.close();
  box.remove();
});
beforeEach(() => {
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  proxy.plan = () => undefined;
  proxy.requests = [];
  count += 1;
  const pointer = readFileSync(join(box.dir, 'source', 'd.dvc'), 'utf8');
  dir = makeRepo(box.dir, `repo-${count}`, 's3://data/x');
  write(dir, { 'd.dvc': pointer });
  endpoint(proxy.url);
});

function endpoint(url: string, options = ''): void {
  const text = `[core]\n    remote = r\n    no_scm = true\n['remote "r"']\n    url = s3://data/x\n    endpointurl = ${url}\n    read_timeout = 1\n    connect_timeout = 1\n`;
  write(dir, { '.dvc/config': text + options });
}

/** Spoils the first `times` answers about the object whose key contains `part`. */
function spoil(part: string, times: number, fault: Fault): void {
  let done = 0;
  proxy.plan = ({ path }) => (path.includes(part) && done++ < times ? fault : undefined);
}

const largeKey = '/x/files/md5/';
const md5 = (bytes: string | Buffer): string => createHash('md5').update(bytes).digest('hex');
/** Path → md5 of what is in the tracked directory. */
const pulled = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tree(join(dir, 'd'))).map(([path, text]) => [path, md5(Buffer.from(text, 'latin1'))]),
  );
const complete = { hello: md5('hello\n'), large: md5(large), other: md5('other') };

it('a pull asks for objects and for nothing else: s3:GetObject is all it needs', async () => {
  await pull(openRepo(dir));
  expect(proxy.requests.filter((request) => !/^GET \/data\/x\/files\/md5\/../.test(request))).toEqual([]);
  // Four objects, one of them in two parts.
  expect(proxy.requests).toHaveLength(5);
});

describe('a fault that passes is waited out, and the data is complete', () => {
  const passing: [string, string, number, Fault][] = [
    ['a reset in the middle of a large object', '', 3, { kind: 'reset', afterBytes: 100_000 }],
    ['a reset in the middle of a small one', hello.slice(2), 3, { kind: 'reset', afterBytes: 2 }],
    ['a body that ends early', '', 3, { kind: 'end', afterBytes: 3 }],
    ['a body that is short and says so', hello.slice(2), 1, { kind: 'shorten', toBytes: 3 }],
    ['one corrupt answer', hello.slice(2), 1, { kind: 'garble' }],
    ['a burst of 500', '', 4, { kind: 'status', status: 500, code: 'InternalError' }],
    ['a burst of 503', '', 4, { kind: 'status', status: 503, code: 'SlowDown' }],
    ['a server that does not answer', hello.slice(2), 1, { kind: 'hang' }],
    ['an answer for other bytes', hello.slice(2), 1, { kind: 'content-range', value: 'bytes 1-6/7' }],
  ];
  it.each(passing)('%s', async (_, part, times, fault) => {
    spoil(part || largeKey, times, fault);
    await pull(openRepo(dir));
    expect(pulled()).toEqual(complete);
    expect(Object.keys(tree(join(dir, '.dvc/cache'))).filter((name) => name.startsWith('tmp'))).toEqual([]);
  });

  it('a body that only drips is left, and the next try goes on behind what came', async () => {
    const ranges: (string | undefined)[] = [];
    let spoilt = false;
    proxy.plan = ({ range }) => {
      ranges.push(range);
      if (spoilt || range !== `bytes=${8 << 20}-${large.length - 1}`) return undefined;
      spoilt = true;
      return { kind: 'drip', everyMs: 20 };
    };
    await pull(openRepo(dir));
    expect(pulled()).toEqual(complete);
    const resumed = ranges
      .map((range) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]))
      .filter((start) => start > 8 << 20 && start < 16 << 20);
    expect(resumed).toHaveLength(1);
  });

  it('a redirect to where the bucket is now', async () => {
    spoil('', 1, { kind: 'status', status: 307, code: 'TemporaryRedirect' });
    const passOn = proxy.plan;
    proxy.plan = (request) => {
      const fault = passOn(request);
      return fault?.kind === 'status' ? { ...fault, headers: { location: aws.url + request.path } } : fault;
    };
    await pull(openRepo(dir));
    expect(pulled()).toEqual(complete);
    // The proxy was asked once; from then on the bucket's own address was.
    expect(proxy.requests).toHaveLength(1);
  });
});

describe('a fault that stays ends in an error that names object, url and cause, and changes nothing', () => {
  const staying: [string, Fault, RegExp][] = [
    ['resets', { kind: 'reset', afterBytes: 2 }, /broke off: aborted|ECONNRESET/],
    ['500', { kind: 'status', status: 500, code: 'InternalError' }, /: 500 InternalError: spoilt/],
    ['an expired token', { kind: 'status', status: 403, code: 'ExpiredToken' }, /: 403 ExpiredToken/],
    ['no permission', { kind: 'status', status: 403, code: 'AccessDenied' }, /: 403 AccessDenied/],
    [
      'a redirect in a circle',
      { kind: 'status', status: 307, code: 'TemporaryRedirect', headers: { location: '/elsewhere' } },
      /: 307 TemporaryRedirect/,
    ],
    ['wrong bytes', { kind: 'garble' }, /is corrupt/],
    ['wrong ranges', { kind: 'content-range', value: 'bytes 3-8/9' }, /the answer is for bytes 3-8\/9/],
  ];
  it.each(staying)('%s', async (_, fault, message) => {
    spoil(hello.slice(2), Number.POSITIVE_INFINITY, fault);
    const failed = pull(openRepo(dir));
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toThrow(hello.slice(2));
    await expect(failed).rejects.toThrow(/http:\/\/127|s3:\/\/data/);
    await expect(failed).rejects.not.toThrow(/Signature|AKIA/);
    expect(existsSync(join(dir, 'd'))).toBe(false);
    proxy.plan = () => undefined;
    await pull(openRepo(dir));
    expect(pulled()).toEqual(complete);
  });

  it('nobody listening', async () => {
    endpoint('http://127.0.0.1:9');
    await expect(pull(openRepo(dir))).rejects.toThrow(/failed to connect to s3 - .*ECONNREFUSED/);
  });

  it('credentials that are nowhere', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'])
      vi.stubEnv(name, join(box.dir, 'none'));
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const failed = pull(openRepo(dir));
    await expect(failed).rejects.toThrow(/Could not load credentials/);
    await expect(failed).rejects.toMatchObject({ hint: expect.stringContaining('AWS_ACCESS_KEY_ID') });
  });
});

describe('a token that expires', () => {
  it('is asked for anew, once', async () => {
    const program = join(box.dir, 'credentials.sh');
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = aws.env;
    write(box.dir, {
      'credentials.sh': `#!/bin/sh\necho x >> ${box.dir}/asked\necho '{"Version": 1, "AccessKeyId": "${id}", "SecretAccessKey": "${secret}"}'\n`,
      'aws-config': `[profile p]\nregion = us-east-1\ncredential_process = sh ${program}\n`,
    });
    endpoint(proxy.url, `    profile = p\n    configpath = ${join(box.dir, 'aws-config')}\n`);
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    spoil('', 1, { kind: 'status', status: 400, code: 'ExpiredToken' });
    await pull(openRepo(dir));
    expect(readFileSync(join(box.dir, 'asked'), 'utf8')).toBe('x\nx\n');
    expect(pulled()).toEqual(complete);
  });
});

describe('TLS', () => {
  it('that is cut during the handshake is an error that says so', async () => {
    const server = createTcpServer((socket: Socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(pull(openRepo(dir))).rejects.toThrow(
      /failed to connect to s3 - (Client network socket disconnected|read ECONNRESET|socket hang up)/,
    );
    server.close();
  });

  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
  it.skipIf(!hasOpenssl)(
    `that is cut in the middle of a body is begun again${hasOpenssl ? '' : ' (skipped: no openssl)'}`,
    async () => {
      const [key, cert] = [join(box.dir, 'key.pem'), join(box.dir, 'cert.pem')];
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-keyout',
          key,
          '-out',
          cert,
          '-days',
          '2',
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=IP:127.0.0.1',
        ],
        { stdio: 'ignore' },
      );
      let cuts = 0;
      const server = createHttpsServer(
        { key: readFileSync(key), cert: readFileSync(cert) },
        (_, response) => {
          response.writeHead(200, { 'content-length': '6' });
          response.write('hel');
          if (cuts++ < 2) setTimeout(() => response.socket?.destroy(), 20);
          else response.end('lo\n');
        },
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      write(dir, { 'd.dvc': '', 'a.txt.dvc': `outs:\n- md5: ${hello}\n  hash: md5\n  path: a.txt\n` });
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      endpoint(url);
      await expect(pull(openRepo(dir))).rejects.toThrow(/self-signed certificate/);
      endpoint(url, `    ssl_verify = ${cert}\n`);
      await pull(openRepo(dir));
      expect(readFileSync(join(dir, 'a.txt'), 'utf8')).toBe('hello\n');
      expect(cuts).toBe(3);
      rmSync(key);
      server.closeAllConnections();
      server.close();
    },
  );
});
