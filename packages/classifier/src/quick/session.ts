import { BundleError } from '../errors.ts';
import { knownInputs } from '../inputs.ts';
import type { Session } from '../session.ts';
import type { Machine } from './plan.ts';
import type { Ints } from './values.ts';

/**
 * What may be spent on a quick start, in multiplications: about the time that ONNX Runtime takes to start. Whoever
 * rents until that is spent and buys then has paid twice the least at most.
 */
export const patience = 400e6;
/** What it costs to go from one node of a plan to the next. */
const nodeCost = 50e3;

/** What a run over so many tokens, padding included, costs by a plan, in multiplications. */
export const costOf = (
  { tokenCost, nodes }: { tokenCost: number; nodes: unknown[] },
  tokens: number,
): number => tokens * tokenCost + nodes.length * nodeCost;

/**
 * A session that answers at once by the bundle's plan, and opens ONNX Runtime's when the answers have cost what that
 * costs, or a call alone would, or asks for what the plan can't compute.
 */
export function quickSession(machine: Machine, padId: number, openFull: () => Promise<Session>): Session {
  let quick: Machine | undefined = machine;
  let spent = 0;
  let full: Promise<Session> | undefined;

  /** From now on ONNX Runtime answers; if it can't be opened, the next call tries again. */
  function complete(): Promise<Session> {
    quick?.close();
    quick = undefined;
    full ??= openFull().catch((error: unknown) => {
      full = undefined;
      throw error;
    });
    return full;
  }

  return {
    async run(rows) {
      const length = Math.max(...rows.map((row) => row.length));
      if (quick) spent += costOf(quick.plan, rows.length * length);
      if (quick && spent <= patience) {
        const inputs = Object.keys(quick.plan.inputs).map((name) => [
          name,
          padded(name, rows, length, padId),
        ]);
        try {
          return await quick.run(Object.fromEntries(inputs));
        } catch (error) {
          if (error instanceof BundleError) throw error;
        }
      }
      return (await complete()).run(rows);
    },
    complete: async () => void (await complete()),
    async release() {
      quick?.close();
      quick = undefined;
      // Whoever waits for one that can't be opened hears why.
      await (await full?.catch(() => undefined))?.release();
    },
  };
}

function padded(name: string, rows: Int32Array[], length: number, padId: number): Ints {
  const data = new Int32Array(rows.length * length);
  for (const [y, row] of rows.entries()) knownInputs[name]!(data, row, y * length, length, 1, padId);
  return { type: 'int', dims: [rows.length, length], data };
}
