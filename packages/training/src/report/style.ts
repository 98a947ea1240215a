/** The report's stylesheet: one column on a phone, two on a desk, light or dark as the reader's system is. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --paper: #fff; --card: #f6f8fa; --line: #d8dee4;
  --tone0: #8b949e; --tone1: #0969da; --tone2: #bc4c00; --tone3: #1a7f37; --tone4: #8250df; --tone5: #bf3989; --good: 9 105 218; --bad: 188 76 0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #0d1117; --card: #161b22; --line: #30363d;
  --tone0: #768390; --tone1: #58a6ff; --tone2: #f0883e; --tone3: #56d364; --tone4: #bc8cff; --tone5: #ff7bbd; --good: 88 166 255; --bad: 240 136 62; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 4px; }
p { margin: 4px 0 12px; color: var(--soft); } .figures > section > p { font-size: .875rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.tiles b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; } .tiles span { color: var(--soft); font-size: .875rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 16px; }
.figures > section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; min-width: 0; }
.figures > .wide { grid-column: 1 / -1; }
svg { display: block; width: 100%; height: auto; } svg .label { fill: var(--soft); font-size: 12px; }
@media (max-width: 560px) { svg .label { font-size: 15px; } th, td { padding: 6px; } }
svg .grid { stroke: var(--line); } svg .rule { stroke: var(--soft); stroke-dasharray: 4 3; }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; } .faint { opacity: .35; stroke-width: 1; }
.bars { fill-opacity: .55; } .dots { fill-opacity: .8; }
${[0, 1, 2, 3, 4, 5].map((tone) => `polyline.tone${tone} { stroke: var(--tone${tone}); } g.tone${tone} { fill: var(--tone${tone}); } .key .tone${tone} { background: var(--tone${tone}); }`).join('\n')}
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: .875rem; color: var(--soft); margin: 0 0 4px; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 7em; }
th { color: var(--soft); font-weight: 600; font-size: .8125rem; } .count { display: block; text-align: center; border-radius: 4px; padding: 4px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; font-size: .9375rem; } dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
`;
