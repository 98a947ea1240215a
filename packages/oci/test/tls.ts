import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { has, run } from './programs.ts';

/** An address of this machine that others could reach: registries there are spoken to over https. */
export const outsideAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

/** Why TLS can't be tested here, or undefined when it can. */
export const noTls =
  outsideAddress && has('openssl') ? undefined : 'skipped: needs openssl and a network interface';

/** A key and a certificate that signs itself, for an address; in a folder of their own. */
export function makeCertificate(address: string) {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=registry', '-addext', `subjectAltName=IP:${address}`];
  run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    certificate,
    ...subject,
  ]);
  return {
    key,
    certificate,
    pem: readFileSync(certificate, 'utf8'),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
