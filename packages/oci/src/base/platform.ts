import { PlatformMissing } from '../errors.ts';

/** What an image runs on: `linux/arm64/v8`. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

/** Reads `linux/amd64` or `linux/arm64/v8`. Throws {@link PlatformMissing} for anything else. */
export function parsePlatform(text: string): Platform {
  const match = text.match(/^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9]+))?$/);
  if (!match)
    throw new PlatformMissing(`${JSON.stringify(text)} is no platform.`, {
      hint: 'Write os/architecture, as in linux/amd64.',
    });
  return { os: match[1]!, architecture: match[2]!, ...(match[3] ? { variant: match[3] } : {}) };
}

/** `linux/arm64/v8` again. */
export function formatPlatform(platform: Platform | undefined): string {
  if (!platform) return 'an unnamed one';
  const { os, architecture, variant } = platform;
  return `${os}/${architecture}${variant ? `/${variant}` : ''}`;
}

/** Whether an image for `have` runs where `want` is asked for: `linux/arm64` takes `linux/arm64/v8`. */
export function runsOn(have: Platform | undefined, want: Platform): boolean {
  return (
    have !== undefined &&
    have.os === want.os &&
    have.architecture === want.architecture &&
    (!have.variant || !want.variant || have.variant === want.variant)
  );
}
