import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a worker needs to be started. */
export interface Confinement {
  /** The unpacked image. */
  imageFolder: string;
  /** Absolute path in the image. */
  workingDirectory: string;
  memoryMb: number;
  /** Size of /tmp. */
  ephemeralMb: number;
}

/** How to start it. */
export interface Launch {
  program: string;
  args: string[];
  cwd: string;
}

/** Where handlers run. */
export interface Sandbox {
  name: 'host' | 'namespace';
  /** The path under which the handler sees the image's /var/task. */
  taskRoot(imageFolder: string): string;
  launch(confinement: Confinement): Launch;
}

/** The folder of preload.ts and the native addon's stand-in. */
export const workerFolder = dirname(import.meta.dirname);
/** The real runtime client's folder. */
export const runtimeFolder = dirname(fileURLToPath(import.meta.resolve('aws-lambda-ric')));

/** Arguments for Node, given where preload and runtime client are. */
export function nodeArguments(memoryMb: number, preload: string, runtimeClient: string): string[] {
  return [`--max-old-space-size=${memoryMb}`, '--import', preload, runtimeClient];
}

/** A plain process of this machine: sees all that its user sees, wherever nothing better is to be had. */
export const hostSandbox: Sandbox = {
  name: 'host',
  taskRoot: (imageFolder) => join(imageFolder, 'var/task'),
  launch({ imageFolder, workingDirectory, memoryMb }) {
    // Normalised from the root, so that no `..` leads out of the image.
    const cwd = join(imageFolder, posix.join('/', workingDirectory));
    return {
      program: process.execPath,
      args: nodeArguments(memoryMb, join(workerFolder, 'preload.ts'), join(runtimeFolder, 'index.mjs')),
      cwd: existsSync(cwd) ? cwd : join(imageFolder, 'var/task'),
    };
  },
};
