/** Text made safe to stand in HTML, between tags or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A table from rows of cells, the first row being its head; cells are text, or HTML that is already safe. */
export function table(head: string[], rows: (string | Html)[][]): string {
  const cell = (tag: 'td' | 'th', content: string | Html) =>
    `<${tag}>${typeof content === 'string' ? escapeHtml(content) : content.html}</${tag}>`;
  const row = (cells: (string | Html)[], tag: 'td' | 'th') =>
    `<tr>${cells.map((each) => cell(tag, each)).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table></div>`;
}

/** HTML that is already safe. */
export interface Html {
  html: string;
}
