import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { UnsafeTarEntry } from '../errors.ts';
import { readLayer } from '../layer/read-layer.ts';
import { insidePath } from '../tar/inside-path.ts';
import type { TarEntry } from '../tar/read-tar.ts';
import { type Finding, some } from './finding.ts';
import { isSecretFile, secretsIn } from './secrets.ts';

/** What is known while the layers are read in order: which layer brought a path, and how much there is. */
export interface Contents {
  /** OCI's name of the image's architecture. */
  architecture: string;
  /** Where the app is: `var/task`. */
  appFolder: string;
  paths: Map<string, string>;
  sizeBytes: number;
}

const maxScannedBytes = 16 * 1024 * 1024;
const elfHeaderBytes = 20;
const elfMachines: Record<number, string> = { 62: 'amd64', 183: 'arm64' };

/** Reads one layer through and says what Lambda would not take or read. Adds the layer to `contents`. */
export async function lintLayer(blob: Readable, where: string, contents: Contents): Promise<Finding[]> {
  const found = new Map<string, string[]>();
  const note = (problem: keyof typeof rules, path: string) =>
    found.set(problem, [...(found.get(problem) ?? []), path]);
  const directories = new Set<string>(['']);
  const secrets: string[] = [];
  const whiteouts: string[] = [];
  const added: string[] = [];
  for await (const entry of readLayer(blob)) {
    const path = safePath(entry);
    if (path === undefined || entry.type === 'other') {
      note('unsafe', entry.path);
      continue;
    }
    if (path === '') continue;
    const parent = posix.dirname(path) === '.' ? '' : posix.dirname(path);
    if (!directories.has(parent)) note('parents', path);
    if (entry.type === 'directory') directories.add(path);
    const name = posix.basename(path);
    if (name.startsWith('.wh.')) {
      whiteouts.push(path);
      continue;
    }
    added.push(path);
    contents.sizeBytes += entry.size;
    if (entry.mode & 0o6000) note('setuid', path);
    const needed = entry.type === 'directory' ? 0o005 : entry.type === 'file' ? 0o004 : 0;
    if ((entry.mode & needed) !== needed) note('unreadable', path);
    if (isSecretFile(path)) secrets.push(`${path} is a file of logins`);
    if (entry.type === 'file') {
      const { kinds, machine } = await look(entry);
      if (kinds.length > 0) secrets.push(`${path} holds ${kinds.join(' and ')}`);
      if (machine && machine !== contents.architecture) note('machine', `${path} (${machine})`);
    }
  }
  for (const path of whiteouts) if (hides(path, contents)) note('whiteout', path);
  for (const path of added) contents.paths.set(path, where);
  return [
    ...[...found].map(([rule, paths]) => finding(rule, where, some(paths))),
    ...(secrets.length > 0 ? [finding('secret', where, some(secrets))] : []),
  ];
}

function safePath({ path, type, link }: TarEntry): string | undefined {
  try {
    if (type === 'hardlink') insidePath(link ?? '', 'link target');
    return insidePath(path);
  } catch (error) {
    if (error instanceof UnsafeTarEntry) return undefined;
    throw error;
  }
}

/** Looks into a file: the machine a native library is for, and the secrets in a text. */
async function look({ content, size }: TarEntry): Promise<{ kinds: string[]; machine: string | undefined }> {
  let seen: Buffer = Buffer.alloc(0);
  let isText = size <= maxScannedBytes;
  for await (const chunk of content) {
    if (chunk.includes(0)) isText = false;
    if (isText || seen.length < elfHeaderBytes) seen = Buffer.concat([seen, chunk]);
  }
  return { kinds: isText ? secretsIn(seen.toString('latin1')) : [], machine: machineOf(seen) };
}

function machineOf(head: Buffer): string | undefined {
  if (head.length < elfHeaderBytes || head.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const code = head.readUInt16LE(18);
  return elfMachines[code] ?? `machine ${code}`;
}

/** Whether a whiteout takes away something of the app, or something a layer of ours brought. */
function hides(path: string, { paths, appFolder }: Contents): boolean {
  const folder = posix.dirname(path) === '.' ? '' : posix.dirname(path);
  const name = posix.basename(path);
  const target = name === '.wh..wh..opq' ? folder : posix.join(folder, name.slice('.wh.'.length));
  const covers = (one: string, other: string) => one === '' || other === one || other.startsWith(`${one}/`);
  if (covers(target, appFolder)) return [...paths.keys()].some((known) => covers(target, known));
  return covers(appFolder, target) && [...paths.keys()].some((known) => covers(target, known));
}

const rules: Record<string, { problem: (what: string) => string; fix: string }> = {
  unsafe: {
    problem: (what) => `Entries that lead out of the image or are neither files, folders nor links: ${what}.`,
    fix: 'Build the layer from a folder that holds none.',
  },
  parents: {
    problem: (what) =>
      `Parent directories are missing for ${what} (Lambda: MissingParentDirectory; Docker does not mind).`,
    fix: 'Write an entry for each folder before what is in it.',
  },
  setuid: {
    problem: (what) =>
      `Set-user or set-group bits on ${what}; nothing in a function needs another user's rights.`,
    fix: 'chmod ug-s.',
  },
  unreadable: {
    problem: (what) => `Lambda's user, who is neither owner nor group, can't read ${what}.`,
    fix: 'chmod o+rX before the build, or COPY --chmod=755.',
  },
  machine: {
    problem: (what) => `Native code for another machine: ${what}.`,
    fix: "Install the dependencies for the image's platform.",
  },
  whiteout: {
    problem: (what) => `Deletes what a lower layer brought of the app: ${what}.`,
    fix: 'Leave it out of the lower layer instead; what is deleted is still downloaded.',
  },
  secret: {
    problem: (what) => `${what}.`,
    fix: 'Take it out, build again and change the secret: whoever may pull the image can read it.',
  },
};

function finding(rule: string, where: string, what: string): Finding {
  const { problem, fix } = rules[rule]!;
  return { rule, severity: 'error', where, problem: problem(what), fix };
}
