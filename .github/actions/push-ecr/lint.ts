import { type Finding, lint, openImage } from '@mainline/oci';

/** An image that Lambda would refuse, or that gives something away: each reason with its remedy. */
export class UnfitImage extends Error {
  override name = 'UnfitImage';
  readonly findings: Finding[];

  constructor(layout: string, findings: Finding[]) {
    const reasons = findings.map(
      ({ rule, where, problem, fix }) => `- ${where}: ${problem} [${rule}]\n  ${fix}`,
    );
    super(`The image in ${layout} was not pushed:\n${reasons.join('\n')}`);
    this.findings = findings;
  }
}

/**
 * Reads the layout through before anything of it leaves this machine. Returns what is only worth a warning; rules in
 * `allow` are, too. Throws {@link UnfitImage}.
 */
export async function refuseUnfit(layout: string, allow: string[]): Promise<Finding[]> {
  const findings = await lint(await openImage(layout));
  const errors = findings.filter(({ severity, rule }) => severity === 'error' && !allow.includes(rule));
  if (errors.length > 0) throw new UnfitImage(layout, errors);
  return findings;
}
