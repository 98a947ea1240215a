/** What a text gives away, by kind; never the secret itself. */
const kinds: [kind: string, pattern: RegExp][] = [
  // Amazon's own documentation uses names that end in EXAMPLE.
  ['an AWS access key', /\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}\b/],
  [
    'an AWS secret key',
    /aws_?secret_?access_?key["']?\s*[=:]\s*["']?(?![A-Za-z0-9/+]{30}EXAMPLE)[A-Za-z0-9/+]{40}\b/i,
  ],
  // Libraries hold the words without a key after them.
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\\nr\s]*[A-Za-z0-9+/=\\nr\s]{64}/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*(?!\$\{)\S{8}/],
  ['a Slack token', /\bxox[abposr]-[A-Za-z0-9-]{10,}/],
];

/** The kinds of secret in a text. */
export function secretsIn(text: string): string[] {
  return kinds.filter(([, pattern]) => pattern.test(text)).map(([kind]) => kind);
}

/** Whether a variable of this name is a login. Lambda hands the function its own AWS_* ones. */
export function isSecretName(name: string): boolean {
  return (
    /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/.test(name) ||
    /(^|_)(SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIALS?)$/i.test(name)
  );
}

/** Whether a file of this name has no place in an image, whatever is in it. */
export function isSecretFile(path: string): boolean {
  return (
    /(^|\/)\.env(\.(?!example$|sample$|template$)[^/]+)?$/.test(path) ||
    /(^|\/)(\.aws\/credentials|\.docker\/config\.json|\.netrc|\.git-credentials|id_(rsa|ecdsa|ed25519))$/.test(
      path,
    )
  );
}
