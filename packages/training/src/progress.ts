/** Where lines and bars go: process.stdout, or anything that collects text. */
export interface Output {
  write(text: string): unknown;
  /** A terminal, on which a line can be written over. */
  isTTY?: boolean;
  columns?: number;
}

/** Progress of one long piece of work. */
export interface Progress {
  /** `done` of `total` are through; `note` is shown beside it. */
  update(done: number, total: number, note?: string): void;
  /** Ends the bar and leaves this line. */
  finish(line: string): void;
}

const barWidth = 24;
const redrawMs = 80;

/** A bar that is drawn over itself on a terminal; elsewhere a plain line at every quarter. */
export function startProgress(output: Output, title: string): Progress {
  const startedAt = performance.now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let quarter = 0;

  const describe = (done: number, total: number, note: string): string => {
    const perMs = done / (performance.now() - startedAt);
    const left = done > 0 && done < total ? `  ${seconds((total - done) / perMs)} left` : '';
    return `${title}  ${done}/${total}${note && `  ${note}`}${left}`;
  };

  return {
    update(done, total, note = '') {
      if (output.isTTY) {
        const now = performance.now();
        if (now - drawnAt < redrawMs && done < total) return;
        drawnAt = now;
        const filled = Math.round((barWidth * done) / total);
        const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
        const line = `  ${bar}  ${describe(done, total, note)}`;
        output.write(`\r\x1b[2K${line.slice(0, (output.columns ?? 80) - 1)}`);
      } else if (Math.floor((4 * done) / total) > quarter) {
        quarter = Math.floor((4 * done) / total);
        if (quarter < 4) output.write(`  ${describe(done, total, note)}\n`);
      }
    },
    finish(line) {
      output.write(`${output.isTTY ? '\r\x1b[2K' : ''}  ${line}\n`);
    },
  };
}

/** A duration for people: 840 ms, 12.3 s, 2 min 5 s. */
export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
