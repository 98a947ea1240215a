import type { Manifest } from '@mainline/classifier';
import type { HttpResponse } from './message.ts';
import { script, style } from './page-assets.ts';

// node:crypto is a sixth of Node's own boot: only the page's first reader pays for it.
const hashOf = (source: string) =>
  `'sha256-${process.getBuiltinModule('node:crypto').createHash('sha256').update(source).digest('base64')}'`;

/** The page at the root: a text in, the model's answer beside how good it is known to be. */
export function renderPage(manifest: Manifest): HttpResponse {
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
  ];
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy.join('; '),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: html(manifest),
  };
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character]!);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function facts({ metrics, dataset, maxTokens }: Manifest): [string, string][] {
  return [
    ...(metrics
      ? ([
          ['Accuracy', `${percent(metrics.accuracy)} held out`],
          ['MCC', metrics.mcc.toFixed(3)],
          ['Baseline', `${percent(metrics.baseline.accuracy)}, ${metrics.baseline.name}`],
        ] as [string, string][])
      : []),
    ...(dataset
      ? ([['Trained on', `${dataset.examples.train.toLocaleString('en')} texts, ${dataset.name}`]] as [
          string,
          string,
        ][])
      : []),
    ['Reads', `the first ${maxTokens} tokens`],
  ];
}

function links({ report }: Manifest): string {
  const targets = { ...(report ? { report: 'Report' } : {}), model: 'Manifest', health: 'Health' };
  return Object.entries(targets)
    .map(([path, name]) => `<a data-path="${path}" href="${path}">${name}</a>`)
    .join('\n');
}

/** The labels by name, if they are few enough to be listened to. */
function choice(labels: string[]): string {
  if (labels.length > 3) return `by one of <b>${labels.length} labels</b>`;
  return labels.map((label) => `<b>${escaped(label)}</b>`).join(' or ');
}

function html(manifest: Manifest): string {
  const name = escaped(manifest.name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name} · Mainline</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1>${name}</h1>
<p class="quiet">version <code>${escaped(manifest.version)}</code></p>
</header>
<form id="form">
<label for="text">A text to label ${choice(manifest.labels)}</label>
<textarea id="text" rows="6" required aria-describedby="keys" autofocus></textarea>
<div class="row">
<button id="send">Classify</button>
<span id="keys" class="quiet"><kbd>Ctrl</kbd> + <kbd>Enter</kbd> sends it too</span>
</div>
</form>
<section aria-label="Answer">
<p id="answer" role="status"></p>
<ul id="bars" role="list"></ul>
<p id="timing" class="quiet"></p>
</section>
<footer>
<dl>
${facts(manifest)
  .map(([term, value]) => `<div><dt>${term}</dt><dd>${escaped(value)}</dd></div>`)
  .join('\n')}
</dl>
<nav class="quiet" aria-label="API">${links(manifest)}</nav>
</footer>
</main>
<noscript><p>This page asks the model by a script. Without one: <code>POST predict</code> with <code>{"text": "…"}</code>.</p></noscript>
<script>${script}</script>
</body>
</html>
`;
}
