import { OciError } from '../errors.ts';
import type { LayerSource } from '../layer/list-tree.ts';
import { parseReference } from '../reference.ts';
import { dockerCredential } from '../registry/docker-credential.ts';

/** Where build, push and pull meet unless they are told otherwise. */
export const defaultLayout = '.mainline/image';

/** Exactly as many names as a verb needs. */
export function expectNames(names: string[], from: number, to: number, verb: string): string[] {
  if (names.length < from || names.length > to)
    throw new OciError(
      `${verb} takes ${from === to ? from : `${from} to ${to}`} names, not ${names.length}.`,
      {
        hint: 'pnpm image help',
      },
    );
  return names;
}

/** `runtime=dist/runtime:/var/task`. */
export function parseLayer(text: string): LayerSource {
  const [, name, from, to] = text.match(/^([^=]+)=(.+):(\/[^:]*)$/) ?? [];
  if (!name || !from || !to) throw new OciError(`--layer ${text} is not NAME=FOLDER:/PATH.`);
  return { name, from, to, sbom: [] };
}

/** `NAME=VALUE` texts as a record. */
export function parsePairs(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) throw new OciError(`${JSON.stringify(text)} is not NAME=VALUE.`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

/** Docker's login for the registry of a reference. */
export const loginFor = (reference: string) => () => dockerCredential(parseReference(reference).registry);

/** 1,234,567 bytes as `1.2 MB`. */
export function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
