/** The page's style: system fonts, both colour schemes, one column from 400 px up. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfbf9, #15171a);
  --card: light-dark(#ffffff, #1d2024);
  --ink: light-dark(#1c1f23, #e8e8e4);
  --quiet: light-dark(#5c636b, #9aa2ab);
  --line: light-dark(#d9dbd6, #363b41);
  --edge: light-dark(#868c94, #6d757e);
  --accent: light-dark(#1a5fb4, #78aeed);
  --on-accent: light-dark(#ffffff, #10151b);
  --wrong: light-dark(#a51d2d, #ff8c82);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: clamp(1rem, 5vw, 3rem) clamp(1rem, 4vw, 2rem); overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; }
header p { margin: 0; }
code, kbd { font: 0.875em ui-monospace, monospace; }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 0.3em; }
.quiet { color: var(--quiet); font-size: 0.875rem; }
form { margin-top: 1.5rem; }
label { display: block; margin-bottom: 0.5rem; }
textarea {
  width: 100%; min-height: 6rem; padding: 0.75rem; resize: vertical; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--edge); border-radius: 8px;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; margin-top: 0.75rem; }
button {
  font: inherit; font-weight: 600; padding: 0.5rem 1.5rem; border: 0; border-radius: 8px; cursor: pointer;
  background: var(--accent); color: var(--on-accent);
}
button[aria-disabled=true] { opacity: 0.6; cursor: progress; }
section { min-height: 11rem; margin-top: 1.5rem; }
#answer { margin: 0; font-size: 1.25rem; }
#answer.wrong { color: var(--wrong); font-size: 1rem; }
ul { list-style: none; margin: 0.75rem 0; padding: 0; display: grid; gap: 0.75rem; }
li { display: grid; grid-template-columns: 1fr auto; gap: 0.25rem 1rem; }
li .track { grid-column: 1 / -1; height: 0.75rem; border-radius: 6px; background: var(--line); overflow: hidden; }
li .bar { display: block; height: 100%; width: calc(var(--share) * 100%); background: var(--accent); border-radius: inherit; }
li .number { font-variant-numeric: tabular-nums; white-space: nowrap; }
#timing { margin: 0; }
footer { border-top: 1px solid var(--line); margin-top: 1.5rem; padding-top: 1rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.25rem 1.5rem; margin: 0 0 1rem; }
dl div { display: contents; }
dt { color: var(--quiet); }
dd { margin: 0; }
a { color: var(--accent); margin-right: 1rem; }
@media (prefers-reduced-motion: no-preference) { li .bar { transition: width 0.2s ease-out; } }
@media (forced-colors: active) { li .track { border: 1px solid; } li .bar { background: Highlight; forced-color-adjust: none; } }
`;

/** The page's script. */
export const script = `
const at = (id) => document.getElementById(id);
// The page may live under a prefix, and its address may lack the last slash: relative links alone would miss.
const root = location.pathname.replace(/\\/?$/, '/');
for (const link of document.querySelectorAll('a[data-path]')) link.href = root + link.dataset.path;

function percent(share) {
  // Rounded, a model would seem sure that never is.
  if (share < 1 && share > 0.9995) return '> 99.9 %';
  if (share > 0 && share < 0.0005) return '< 0.1 %';
  return (share * 100).toFixed(1) + ' %';
}

function show(message, wrong) {
  at('answer').textContent = message;
  at('answer').classList.toggle('wrong', wrong);
}

function showBars(scores) {
  at('bars').replaceChildren(...Object.entries(scores).sort((a, b) => b[1] - a[1]).map(([label, share]) => {
    const item = document.createElement('li');
    item.innerHTML = '<span></span><span class="number"></span><span class="track" aria-hidden="true"><span class="bar"></span></span>';
    item.children[0].textContent = label;
    item.children[1].textContent = percent(share);
    item.querySelector('.bar').style.setProperty('--share', share);
    return item;
  }));
}

let busy = false;
async function send() {
  const text = at('text').value;
  if (busy || !at('form').reportValidity()) return;
  busy = true;
  // Emptied first, so that the same answer is read out once more.
  show('', false);
  at('send').setAttribute('aria-disabled', 'true');
  const started = performance.now();
  try {
    const response = await fetch(root + 'predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    });
    // What answers in the model's place, a gateway, may do so in HTML.
    const answer = await response.json().catch(() => ({}));
    const ms = performance.now() - started;
    if (!response.ok) throw new Error(answer.error ? answer.error.message : 'The answer was ' + response.status + '.');
    const [prediction] = answer.predictions;
    show(prediction.label + ', ' + percent(prediction.score) + (prediction.truncated ? ' (the end of the text was not read)' : ''), false);
    showBars(prediction.scores);
    const inside = [...(response.headers.get('server-timing') || '').matchAll(/dur=([\\d.]+)/g)].reduce((sum, part) => sum + Number(part[1]), 0);
    at('timing').textContent = 'Answered in ' + ms.toFixed(0) + ' ms' + (inside ? ', of which the model took ' + inside.toFixed(2) + ' ms' : '')
      + ' · ' + answer.model.name + ' ' + answer.model.version;
  } catch (error) {
    at('bars').replaceChildren();
    at('timing').textContent = '';
    show(error instanceof TypeError ? 'No connection to the model. Try again.' : error.message, true);
  } finally {
    busy = false;
    at('send').removeAttribute('aria-disabled');
  }
}

at('form').addEventListener('submit', (event) => { event.preventDefault(); send(); });
at('text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
});
`;
