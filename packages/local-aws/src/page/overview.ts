import type { EcrStore } from '../ecr/ecr-store.ts';
import { tagsOf } from '../ecr/repository.ts';
import type { LambdaFunction, Version } from '../lambda/function.ts';
import type { LambdaStore } from '../lambda/lambda-store.ts';
import type { InvocationRecord } from '../lambda/observed-workers.ts';
import type { LogStore } from '../logs/log-store.ts';
import { evaluate } from '../metrics/alarm.ts';
import type { MetricStore } from '../metrics/metric-store.ts';
import type { Bucket } from '../s3/bucket.ts';
import type { Queues } from '../sqs/queues.ts';
import { document, type Html, html, table } from './html.ts';

/** Everything the page shows. */
export interface Overview {
  env: Record<string, string>;
  origin: string;
  baseImage: string;
  functions: LambdaStore;
  ecr: EcrStore;
  buckets: ReadonlyMap<string, Bucket>;
  queues: Queues;
  logs: LogStore;
  metrics: MetricStore;
  /** Newest first. */
  invocations: InvocationRecord[];
}

const time = (at: number | string) => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
const size = (bytes: number) =>
  bytes < 10_000
    ? `${bytes} B`
    : bytes < 10_000_000
      ? `${Math.round(bytes / 1000)} kB`
      : `${Math.round(bytes / 1e6)} MB`;
const short = (digest: string) => digest.replace('sha256:', '').slice(0, 12);

/** The front page: what there is, in one look. */
export function renderOverview(overview: Overview): string {
  const { env, origin, baseImage } = overview;
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${value}`);
  return document(
    'Local AWS',
    html`<h1>Local AWS</h1><pre>${exports.join('\n')}</pre><p>Base image: <code>${baseImage}</code></p>
${functions(overview, origin)}${versions(overview)}${invocations(overview)}${images(overview)}${buckets(overview)}${queues(overview)}${alarms(overview)}${logs(overview)}`,
  );
}

function functions({ functions: { all } }: Overview, origin: string): Html {
  const row = (fn: LambdaFunction) => [
    fn.name,
    html`<code>${short(fn.serving.digest)}</code>`,
    state(fn.latest),
    `${fn.latest.memoryMb} MB, ${fn.latest.timeoutSeconds} s`,
    html`${fn.urls.map((url) => html`<a href="${origin}/lambda-url/${url.id}/">${url.qualifier}</a> `)}`,
  ];
  return table('Functions', ['Name', 'Runs', 'State', 'Size', 'URL of'], all.map(row), 'No function yet.');
}

const state = ({ state, updateStatus, stateReason, updateReason }: Version) =>
  [
    state,
    updateStatus === 'Successful' ? undefined : updateStatus && `update ${updateStatus}`,
    (updateReason ?? stateReason)?.message,
  ]
    .filter(Boolean)
    .join(', ');

function versions({ functions: { all } }: Overview): Html {
  const rows = all.flatMap((fn) =>
    fn.published.toReversed().map((version) => [
      fn.name,
      version.version,
      html`<code>${short(version.digest)}</code>`,
      state(version),
      fn.aliases
        .filter((alias) => alias.version === version.version || version.version in alias.weights)
        .map((alias) => {
          const weight = alias.weights[version.version];
          return weight === undefined ? alias.name : `${alias.name} (${weight * 100} %)`;
        })
        .join(', '),
      version.description,
      time(version.lastModified),
    ]),
  );
  const columns = ['Function', 'Version', 'Image', 'State', 'Aliases', 'Description', 'Since'];
  return table('Versions', columns, rows, 'Nothing is published yet.');
}

function invocations({ invocations: all }: Overview): Html {
  const rows = all.map((one) => [
    time(one.at),
    one.qualifier === undefined ? one.functionName : `${one.functionName}:${one.qualifier}`,
    one.version,
    one.result,
    `${one.durationMs.toFixed(1)} ms`,
  ]);
  return table(
    'Invocations',
    ['At', 'Function', 'Version', 'Result', 'Took'],
    rows,
    'Nothing was called yet.',
  );
}

function images({ ecr }: Overview): Html {
  const rows = ecr.repositories.flatMap((repository) =>
    Object.entries(repository.images).map(([digest, image]) => [
      repository.name,
      tagsOf(repository, digest).join(', '),
      html`<code>${short(digest)}</code>`,
      size(image.sizeBytes),
      time(image.pushedAt),
    ]),
  );
  return table('Images', ['Repository', 'Tags', 'Digest', 'Size', 'Pushed'], rows, 'No image.');
}

function buckets({ buckets: all }: Overview): Html {
  const rows = [...all.values()].map((bucket) => {
    const objects = bucket.keys.flatMap((key) => bucket.current(key) ?? []);
    return [bucket.name, objects.length, size(objects.reduce((sum, one) => sum + one.sizeBytes, 0))];
  });
  return table('Buckets', ['Name', 'Objects', 'Size'], rows, 'No bucket yet.');
}

function queues({ queues: { all } }: Overview): Html {
  const rows = all.map((queue) => {
    const { visible, inFlight, delayed } = queue.count(Date.now());
    return [queue.name, visible, inFlight, delayed];
  });
  return table('Queues', ['Name', 'Waiting', 'In flight', 'Delayed'], rows, 'No queue yet.');
}

function alarms({ metrics }: Overview): Html {
  const rows = metrics.alarms.map((alarm) => {
    const { state: value, reason } = evaluate(alarm, metrics, Date.now());
    return [alarm.name, value, reason];
  });
  return table('Alarms', ['Name', 'State', 'Why'], rows, 'No alarm yet.');
}

const shownStreams = 5;

function logs({ logs: store }: Overview): Html {
  const rows = store.groups.flatMap(({ name }) =>
    store
      .streams(name)
      .slice(-shownStreams)
      .reverse()
      .map((stream) => [
        name,
        html`<a href="/_local/logs?${new URLSearchParams({ group: name, stream }).toString()}">${stream}</a>`,
        time(store.events(name, stream).at(-1)?.timestamp ?? 0),
      ]),
  );
  return table('Logs', ['Group', 'Stream', 'Last line'], rows, 'No log yet.');
}

/** One log stream as text. */
export function renderLog(store: LogStore, group: string, stream: string): string {
  const lines = store
    .events(group, stream)
    .map(({ timestamp, message }) => `${time(timestamp)}  ${message.trimEnd()}`);
  return document(
    `${group} · Local AWS`,
    html`<h1><a href="/">Local AWS</a></h1><p>${group} · ${stream}</p><pre>${lines.join('\n')}</pre>`,
  );
}
