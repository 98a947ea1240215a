import fc from 'fast-check';
import { expect, it } from 'vitest';
import { histories, Simulation } from '../test/simulation.ts';

/** Two thousand, in the suite; `SIMULATIONS=20000 pnpm test simulation` looks further. */
const sequences = Number(process.env.SIMULATIONS ?? 2_000);

it(`keeps its promises through ${sequences} histories of deploys, rollbacks, races, kills and faults`, async () => {
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(histories, fc.constantFrom(0, 0, 1, 4), async (commands, delay) => {
      const simulation = new Simulation(delay);
      await fc.asyncModelRun(() => ({ model: {}, real: simulation }), commands);
      await simulation.mustRecover();
      simulation.holds();
      calls += simulation.world.calls.length;
    }),
    { numRuns: sequences },
  );
  expect(calls).toBeGreaterThan(sequences * 20);
}, 600_000);
