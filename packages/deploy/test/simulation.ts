import fc from 'fast-check';
import { deploy } from '../src/deploy.ts';
import { DeployError } from '../src/errors.ts';
import { prune } from '../src/prune.ts';
import type { DeployRequest } from '../src/request.ts';
import { rollback } from '../src/rollback.ts';
import { parseStamp } from '../src/stamp.ts';
import { status } from '../src/status.ts';
import { classifier, digest, faults, golden, image, type Line, World } from './world.ts';

const place = { functionName: 'spam', alias: 'live' };
const pace = { timeoutMs: 20_000, pollMs: 0, retryMs: 0, attempts: 4 };

/** What may be deployed: a and b (of one model) and c are good; d answers wrongly, e throws, f can't run; 9 turns bad after a while. */
const letters = ['a', 'b', 'c', 'd', 'e', 'f', '9'] as const;
const never = new Set(['d', 'e', 'f'].map(digest));

/** The model in an image: new code with the same model is the usual deploy. */
const modelOf = (letter: (typeof letters)[number]) => (letter === 'b' ? 'a' : letter);

/** What goes wrong on the line of one command. */
export interface Trouble {
  faults: { call: number; times: number; kind: keyof typeof faults }[];
  /** The process is killed at this call, before or after Lambda has done it. */
  death: { call: number; when: 'before' | 'after' } | undefined;
  /** How many turns of the event loop to let others go first, for each call in turn. */
  gaps: number[];
}

/** One deploy of a simulated history. */
export interface SimulatedDeploy extends Trouble {
  letter: (typeof letters)[number];
  commit: number;
  force: boolean;
  shift: boolean;
  keep: number | undefined;
  memoryMb: number | undefined;
}

class Killed extends Error {
  override name = 'Killed';
}

/** A Lambda with one function's history in it, and what must be true of that history after every single call. */
export class Simulation {
  readonly world = new World();
  /** Which golden texts each version has answered rightly. */
  readonly #asked = new Map<string, Set<unknown>>();
  /** What became untrue on the way; a deploy may take the error for Lambda's and go on. */
  readonly #broken: Error[] = [];

  constructor(delay: number) {
    const { images, broken } = this.world;
    this.world.delay = delay;
    for (const letter of letters) images.set(digest(letter), classifier(modelOf(letter)));
    let good = 0;
    images.set(digest('9'), (payload) => classifier(good++ < 3 ? '9' : 'another')(payload));
    images.set(digest('d'), () => classifier('d')({ text: '!' }));
    images.set(digest('e'), () => {
      throw new Error('no model');
    });
    broken.set(digest('f'), 'InvalidImage');
    this.world.answered = (version, payload, answer) => this.#note(version, payload, answer);
    this.world.after = (operation) => this.#check(operation);
  }

  /** A line to Lambda with trouble on it. */
  line({ faults: wrong, death, gaps }: Trouble): Line {
    let dead = false;
    const dieAt = (call: number, when: 'before' | 'after') => {
      dead ||= death !== undefined && death.when === when && call >= death.call;
      if (dead) throw new Killed();
    };
    return {
      async before(call) {
        for (let turns = gaps[call % gaps.length] ?? 0; turns > 0; turns--) await new Promise(setImmediate);
        dieAt(call, 'before');
      },
      after: (call) => dieAt(call, 'after'),
      fault: (call) => {
        const found = wrong.find((fault) => fault.call <= call && call < fault.call + fault.times);
        return found && faults[found.kind];
      },
    };
  }

  request({ letter, commit, force, shift, keep, memoryMb }: SimulatedDeploy): DeployRequest {
    return {
      ...place,
      image: image(letter),
      golden,
      modelVersion: modelOf(letter),
      commit: String(commit),
      force,
      isOlder: async (one, other) => Number(one) < Number(other),
      configuration: { role: 'arn:aws:iam::000000000000:role/spam', ...(memoryMb && { memoryMb }) },
      ...(shift && { shift: { weights: [0.1, 0.5], bakeMs: 0 } }),
      ...(keep && { keepVersions: keep }),
      pace,
    };
  }

  /** Deploys, alone; what is live after it is what it says, or what was live before. */
  async deploy(wanted: SimulatedDeploy): Promise<void> {
    const before = this.#live();
    const outcome = await this.#attempt(wanted);
    const after = this.#live();
    if ('result' in outcome) {
      const { version, digest: served } = outcome.result;
      if (served !== digest(wanted.letter)) throw new Error(`${served} was reported for ${wanted.letter}`);
      if (never.has(served)) throw new Error(`${wanted.letter} was deployed`);
      await this.#isLive(version, served);
    } else if (outcome.error instanceof Killed || outcome.error.name === 'NotRestored') {
      if (
        before &&
        after?.version !== before.version &&
        this.#digestOf(after?.version) !== digest(wanted.letter)
      )
        throw new Error(`killed, and the alias went from ${before.version} to ${after?.version}`);
    } else if (before && (after?.version !== before.version || hasNew(after.weights, before.weights)))
      throw new Error(`${outcome.error.name}, but ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
  }

  /** Two deploys at once; an older commit never ends up over a newer one. */
  async deployTwo(first: SimulatedDeploy, second: SimulatedDeploy): Promise<void> {
    const outcomes = await Promise.all([this.#attempt(first), this.#attempt(second)]);
    const live = Number(parseStamp(this.#live()?.description).commit ?? -1);
    for (const [index, outcome] of outcomes.entries())
      if ('result' in outcome && outcome.result.changed) {
        const { commit, letter } = index === 0 ? first : second;
        const { version } = outcome.result;
        if ((this.#digestOf(version) ?? digest(letter)) !== digest(letter))
          throw new Error(
            `version ${version} was reported for ${letter} and runs ${this.#digestOf(version)}`,
          );
        if (live < commit && !first.force && !second.force)
          throw new Error(`commit ${commit} was deployed, but ${live} is live`);
      }
    // One may lose to the other again and again, and say so; both can't.
    if (outcomes.every((outcome) => 'error' in outcome && outcome.error.name === 'LostRace'))
      throw new Error('both deploys lost the race');
  }

  /** Rolls back, alone. */
  async rollback(to: number | undefined, trouble: Trouble): Promise<void> {
    const before = this.#live();
    const versions = this.#fn()?.published ?? [];
    const named = to === undefined ? undefined : versions[to % Math.max(1, versions.length)]?.version;
    const request = { ...place, pace, ...(named && { to: named, golden }) };
    try {
      const { version } = await this.world.on(this.line(trouble), (clients) => rollback(clients, request));
      await this.#isLive(version, this.#digestOf(version));
    } catch (error) {
      expected(error);
      const target = named ?? parseStamp(before?.description).previous;
      const after = this.#live()?.version;
      if (after !== before?.version && after !== target) throw error;
    }
  }

  /** Deletes old versions, possibly while something else goes on. */
  async prune(keep: number, trouble: Trouble): Promise<void> {
    await this.world
      .on(this.line(trouble), (clients) => prune(clients, { functionName: 'spam', keep, pace }))
      .catch(expected);
  }

  /** Whatever has happened, a good deploy now goes through. */
  async mustRecover(): Promise<void> {
    const wanted = { letter: 'a', commit: 99, force: true, shift: true, keep: 1, memoryMb: 128 } as const;
    const request = this.request({ ...wanted, faults: [], death: undefined, gaps: [] });
    const result = await this.world.on({}, (clients) => deploy(clients, request));
    await this.#isLive(result.version, digest('a'));
  }

  async #attempt(wanted: SimulatedDeploy) {
    try {
      const request = this.request(wanted);
      return { result: await this.world.on(this.line(wanted), (clients) => deploy(clients, request)) };
    } catch (error) {
      return { error: expected(error) };
    }
  }

  async #isLive(version: string, served: string | undefined): Promise<void> {
    const told = await this.world.on({}, (clients) => status(clients, { ...place, pace }));
    const facts = [told?.version, told?.digest, told?.shifting];
    if (told?.version !== version || told.digest !== served || told.shifting)
      throw new Error(`reported ${version} ${served}, but status says ${JSON.stringify(facts)}`);
  }

  #fn() {
    return this.world.lambda.context.store.find('spam');
  }

  #live() {
    return this.world.live();
  }

  #digestOf(version: string | undefined): string | undefined {
    return this.#fn()?.published.find((one) => one.version === version)?.digest;
  }

  #note(version: string, payload: { text?: unknown }, answer: unknown): void {
    const letter = letters.find((one) => digest(one) === this.#digestOf(version));
    if (!letter || JSON.stringify(answer) !== JSON.stringify(classifier(modelOf(letter))(payload))) return;
    this.#asked.set(version, (this.#asked.get(version) ?? new Set()).add(payload.text));
  }

  /** After every call: whatever has traffic is there, and has answered its golden requests. */
  #check(operation: string): void {
    for (const { version, weights } of this.#fn()?.aliases ?? [])
      for (const served of [version, ...Object.keys(weights)]) {
        if (!this.#digestOf(served))
          this.#broken.push(new Error(`${operation} left an alias on ${served}, which is gone`));
        const asked = this.#asked.get(served);
        if (!golden.cases.every(({ text }) => asked?.has(text)))
          this.#broken.push(
            new Error(`${operation} gave traffic to ${served}, which has not answered its golden requests`),
          );
      }
  }

  /** Throws the first promise that was broken on the way. */
  holds(): void {
    if (this.#broken[0]) throw this.#broken[0];
  }
}

/** Errors that a verb may end with, or the killing behind them; anything else is a fault of ours. */
function expected(error: unknown): Error {
  if (!(error instanceof DeployError)) throw error;
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof Killed) return at;
  return error;
}

function hasNew(after: Record<string, number>, before: Record<string, number>): boolean {
  return Object.keys(after).some((version) => !Object.hasOwn(before, version));
}

const trouble = {
  faults: fc.array(
    fc.record({
      call: fc.integer({ min: 1, max: 30 }),
      // Longer than the patience of a call, now and then.
      times: fc.integer({ min: 1, max: 6 }),
      kind: fc.constantFrom('throttle', 'error', 'cut-before', 'cut-after'),
    }),
    { maxLength: 3 },
  ),
  death: fc.option(
    fc.record({
      call: fc.integer({ min: 1, max: 30 }),
      when: fc.constantFrom<'before' | 'after'>('before', 'after'),
    }),
    { nil: undefined, freq: 3 },
  ),
  // Now and then long enough for a whole other deploy.
  gaps: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 2 }) },
      { weight: 1, arbitrary: fc.integer({ min: 20, max: 60 }) },
    ),
    { maxLength: 7 },
  ),
};
const aDeploy: fc.Arbitrary<SimulatedDeploy> = fc.record({
  letter: fc.constantFrom(...letters),
  commit: fc.integer({ min: 0, max: 9 }),
  force: fc.boolean(),
  shift: fc.boolean(),
  keep: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  memoryMb: fc.option(fc.constantFrom(128, 256), { nil: undefined }),
  ...trouble,
});

class Command implements fc.AsyncCommand<object, Simulation> {
  readonly #text: string;
  readonly #run: (simulation: Simulation) => Promise<void>;
  constructor(name: string, details: unknown, run: (simulation: Simulation) => Promise<void>) {
    this.#text = `${name}(${JSON.stringify(details)})`;
    this.#run = run;
  }
  check = () => true;
  run = async (_: object, simulation: Simulation) => {
    await this.#run(simulation);
    simulation.holds();
  };
  toString = () => this.#text;
}

/** Histories of up to a handful of commands, each with its own trouble. */
export const histories = fc.commands(
  [
    aDeploy.map((one) => new Command('deploy', one, (simulation) => simulation.deploy(one))),
    fc
      .tuple(aDeploy, aDeploy)
      .map(
        ([one, two]) => new Command('deployTwo', [one, two], (simulation) => simulation.deployTwo(one, two)),
      ),
    fc
      .record({ to: fc.option(fc.nat(5), { nil: undefined }), ...trouble })
      .map((one) => new Command('rollback', one, (simulation) => simulation.rollback(one.to, one))),
    fc
      .record({ keep: fc.integer({ min: 1, max: 3 }), ...trouble })
      .map((one) => new Command('prune', one, (simulation) => simulation.prune(one.keep, one))),
  ],
  { maxCommands: 5, size: '+1' },
);
