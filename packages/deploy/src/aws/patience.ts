import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { AwsRefusal, TimedOut } from '../errors.ts';

/** How patient to be. Waits start small and grow: most are over before a fixed second has passed. */
export interface Pace {
  /** For the whole deploy, bake times not counted. */
  timeoutMs: number;
  /** The first wait between two looks at a state; each next one is half as long again, up to 2 s. */
  pollMs: number;
  /** The first upper bound of the random wait before a retry; doubles each time, up to 10 s. */
  retryMs: number;
  /** How often one call is sent before a fault of the network, the service or its limits is final. */
  attempts: number;
}

/** What a deploy is paced by unless told otherwise. */
export const defaultPace: Pace = { timeoutMs: 600_000, pollMs: 100, retryMs: 200, attempts: 7 };

/** The one place that retries, waits and gives up. */
export interface Patience {
  /**
   * Sends a call, again after throttling, 5xx and broken connections (with jitter), and for as long as an update is
   * under way.
   * @throws AwsRefusal, TimedOut, or the signal's reason
   */
  call<T>(name: string, send: (options: { abortSignal?: AbortSignal }) => Promise<T>): Promise<T>;
  /** Looks until the look returns something; `saw` names the last thing seen in the error. @throws TimedOut */
  until<T>(what: string, look: (saw: (state: string) => void) => Promise<T | undefined>): Promise<T>;
  /** Waits a random time that grows with the attempts, so that two who met don't meet again. @throws TimedOut */
  backOff(attempt: number, what: string): Promise<void>;
  /** Waits on purpose; this does not count against the deadline. */
  pause(ms: number): Promise<void>;
}

/** Patience with one deadline, ended early by the signal. */
export function startPatience(pace: Pace, signal?: AbortSignal): Patience {
  let deadline = performance.now() + pace.timeoutMs;
  const rest = async (ms: number) => {
    signal?.throwIfAborted();
    // A timer takes a millisecond even for nothing, which thousands of simulated deploys notice.
    if (ms <= 0) return nextTurn();
    await (signal ? sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted()) : sleep(ms));
  };
  const wait = async (ms: number, what: string, cause?: unknown) => {
    if (performance.now() + ms > deadline)
      throw new TimedOut(
        `Gave up after ${pace.timeoutMs / 1000} s while ${what}`,
        'Run this step again: it goes on from what is there.',
        { cause },
      );
    await rest(ms);
  };
  const backOff = (attempt: number, what: string, cause?: unknown) =>
    wait(Math.random() * Math.min(pace.retryMs * 2 ** (attempt - 1), 10_000), what, cause);

  return {
    backOff,
    async call(name, send) {
      for (let faults = 0, waits = 0; ; ) {
        signal?.throwIfAborted();
        try {
          return await send(signal ? { abortSignal: signal } : {});
        } catch (error) {
          signal?.throwIfAborted();
          const kind = classify(error);
          if (kind === 'final' || (kind === 'fault' && ++faults >= pace.attempts)) throw explain(name, error);
          await backOff(kind === 'fault' ? faults : ++waits, `calling ${name}`, error);
        }
      }
    },
    async until(what, look) {
      let state = 'nothing yet';
      for (let pollMs = pace.pollMs; ; pollMs = Math.min(pollMs * 1.5, 2_000)) {
        const found = await look((seen) => {
          state = seen;
        });
        if (found !== undefined) return found;
        await wait(pollMs, `waiting until ${what} (last seen: ${state})`);
      }
    },
    async pause(ms) {
      deadline += ms;
      await rest(ms);
    },
  };
}

const throttling = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
]);

/**
 * fault: the network, the service or a limit; again, but not forever. busy: an update is under way; again until the
 * deadline. final: the answer is no.
 */
function classify(error: unknown): 'fault' | 'busy' | 'final' {
  const { code, status, message } = facts(error);
  if (code === 'ResourceConflictException')
    // The same error says "busy", "is there already" and "is in use"; only the words differ.
    return /at this time|in progress|in the following state/i.test(message) ? 'busy' : 'final';
  if (code === 'CodeArtifactUserPendingException' || code === 'ResourceNotReadyException') return 'busy';
  if (throttling.has(code) || status === 429 || (status ?? 0) >= 500) return 'fault';
  // A role made a moment ago takes some seconds to be known everywhere.
  if (code === 'InvalidParameterValueException' && /cannot be assumed by Lambda/.test(message))
    return 'fault';
  return status === undefined && (/^E[A-Z]+$/.test(code) || code === 'TimeoutError') ? 'fault' : 'final';
}

function explain(call: string, error: unknown): AwsRefusal {
  const { code, status } = facts(error);
  return new AwsRefusal(call, code, status, error instanceof Error ? error : new Error(String(error)));
}

function facts(error: unknown): { code: string; status: number | undefined; message: string } {
  if (!(error instanceof Error)) return { code: 'Unknown', status: undefined, message: String(error) };
  const status: unknown =
    '$metadata' in error && typeof error.$metadata === 'object' && error.$metadata
      ? Reflect.get(error.$metadata, 'httpStatusCode')
      : undefined;
  // A connection's error carries the system's code (ECONNRESET), a service's its own name.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, status: typeof status === 'number' ? status : undefined, message: error.message };
}
