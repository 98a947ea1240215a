import { escapeXml } from '../http/xml.ts';

/** HTML that is safe to put into a page as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A template whose values are escaped unless they are HTML already; lists are joined. */
export function html(strings: TemplateStringsArray, ...values: (string | number | Html | Html[])[]): Html {
  const render = (value: string | number | Html | Html[]) =>
    [value]
      .flat()
      .map((one) => (one instanceof Html ? one.text : escapeXml(String(one))))
      .join('');
  return new Html(strings.reduce((text, part, index) => text + render(values[index - 1] ?? '') + part));
}

/** A table with a heading, or a sentence when there is nothing to show. */
export function table(
  title: string,
  columns: string[],
  rows: (string | number | Html)[][],
  none: string,
): Html {
  if (rows.length === 0) return html`<section><h2>${title}</h2><p>${none}</p></section>`;
  return html`<section><h2>${title}</h2><table><thead><tr>${columns.map((one) => html`<th>${one}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody></table></section>`;
}

const style = `:root{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif}body{margin:2rem auto;max-width:70rem;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:2rem 0 .4rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #8884;vertical-align:top;overflow-wrap:anywhere}th{font-weight:600;opacity:.7}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{padding:.8rem 1rem;background:#8881;border-radius:6px;overflow-x:auto}p{opacity:.7}`;

/** A whole page. */
export function document(title: string, body: Html): string {
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${new Html(style)}</style></head><body>${body}</body></html>`.text;
}
