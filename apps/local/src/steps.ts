import { duration, say, style } from './terminal.ts';

/** The demo's numbered steps: each prints its header, its own lines, and how long it took. */
export interface Steps {
  run<T>(title: string, about: string, work: () => Promise<T>): Promise<T>;
  /** One line with every step's duration. */
  summary(): string;
}

/** Counts steps up to `total`; `onStep` hears which one runs, so that a failure can name it. */
export function createSteps(total: number, onStep: (title: string) => void): Steps {
  const times: string[] = [];
  return {
    async run(title, about, work) {
      const number = times.length + 1;
      onStep(`step ${number} of ${total} (${title})`);
      say(`\n${style.bold(`${number}/${total} ${title}`)}  ${style.dim(about)}`, 0);
      const startedAt = performance.now();
      const result = await work();
      const took = duration(performance.now() - startedAt);
      times.push(`${title} ${took}`);
      say(`${style.green('✓')} ${took}`);
      return result;
    },
    summary: () => times.join(' · '),
  };
}
