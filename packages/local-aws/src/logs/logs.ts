import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import { jsonRpc, type Operation } from '../http/json-rpc.ts';
import type { Service } from '../http/service.ts';
import { account, region } from '../identity.ts';
import type { LogEvent, LogGroup, LogStore } from './log-store.ts';

/** What CloudWatch accepts as a retention. */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const groupArn = (name: string) => `arn:aws:logs:${region}:${account}:log-group:${name}`;
const notFound = (what: string) =>
  new AwsError('ResourceNotFoundException', `The specified log ${what} does not exist.`);
const invalid = (message: string) => new AwsError('InvalidParameterException', message);

/** CloudWatch Logs: groups, streams, events and how long they are kept. */
export function createLogs(store: LogStore): Service {
  function group(input: Fields): LogGroup {
    const name = input.optionalText('logGroupName') ?? nameOf(input.text('logGroupIdentifier'));
    const found = store.group(name);
    if (!found) throw notFound('group');
    return found;
  }

  const operations: Record<string, Operation> = {
    CreateLogGroup(input) {
      const name = input.text('logGroupName');
      if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) throw invalid(`'${name}' is no name for a log group`);
      if (store.group(name)) throw alreadyThere('group');
      store.saveGroup({ name, createdAt: Date.now() });
      return {};
    },
    DeleteLogGroup(input) {
      store.deleteGroup(group(input).name);
      return {};
    },
    DescribeLogGroups(input) {
      const prefix = input.optionalText('logGroupNamePrefix') ?? '';
      const pattern = input.optionalText('logGroupNamePattern') ?? '';
      const found = store.groups.filter(({ name }) => name.startsWith(prefix) && name.includes(pattern));
      return {
        logGroups: found.map((one) => ({
          logGroupName: one.name,
          creationTime: one.createdAt,
          arn: `${groupArn(one.name)}:*`,
          logGroupArn: groupArn(one.name),
          ...(one.retentionDays !== undefined && { retentionInDays: one.retentionDays }),
        })),
      };
    },
    PutRetentionPolicy(input) {
      const days = input.optionalNumber('retentionInDays') ?? 0;
      if (!retentionDays.includes(days))
        throw invalid(`retentionInDays must be one of ${retentionDays.join(', ')}`);
      store.saveGroup({ ...group(input), retentionDays: days });
      return {};
    },
    DeleteRetentionPolicy(input) {
      const { retentionDays: _, ...rest } = group(input);
      store.saveGroup(rest);
      return {};
    },
    CreateLogStream(input) {
      const { name } = group(input);
      const stream = input.text('logStreamName');
      if (store.hasStream(name, stream)) throw alreadyThere('stream');
      store.createStream(name, stream);
      return {};
    },
    DescribeLogStreams(input) {
      const { name } = group(input);
      const prefix = input.optionalText('logStreamNamePrefix') ?? '';
      const streams = store.streams(name).filter((stream) => stream.startsWith(prefix));
      if (input.optionalText('orderBy') !== 'LastEventTime') streams.sort();
      if (input.optionalBoolean('descending')) streams.reverse();
      return {
        logStreams: streams.slice(0, input.optionalNumber('limit') ?? 50).map((stream) => {
          const events = store.events(name, stream);
          return {
            logStreamName: stream,
            arn: `${groupArn(name)}:log-stream:${stream}`,
            firstEventTimestamp: events[0]?.timestamp,
            lastEventTimestamp: events.at(-1)?.timestamp,
          };
        }),
      };
    },
    PutLogEvents(input) {
      const { name } = group(input);
      const stream = input.text('logStreamName');
      if (!store.hasStream(name, stream)) throw notFound('stream');
      for (const event of input.optionalList('logEvents') ?? [])
        store.append(name, stream, {
          timestamp: event.optionalNumber('timestamp') ?? Date.now(),
          message: event.text('message'),
        });
      return { nextSequenceToken: '0' };
    },
    GetLogEvents(input) {
      const { name } = group(input);
      const stream = input.text('logStreamName');
      if (!store.hasStream(name, stream)) throw notFound('stream');
      const events = within(input, store.events(name, stream));
      // Tokens count events, so that a client that follows a stream gets each once.
      const start = Number(input.optionalText('nextToken')?.replace(/^[fb]\//, '') ?? '0') || 0;
      const page = events.slice(start, start + (input.optionalNumber('limit') ?? 10_000));
      return {
        events: page.map((event) => ({ ...event, ingestionTime: event.timestamp })),
        nextForwardToken: `f/${start + page.length}`,
        nextBackwardToken: `b/${start}`,
      };
    },
    FilterLogEvents(input) {
      const { name } = group(input);
      const wanted = input.optionalTexts('logStreamNames');
      const prefix = input.optionalText('logStreamNamePrefix') ?? '';
      const matches = parsePattern(input.optionalText('filterPattern') ?? '');
      const events = store
        .streams(name)
        .filter((stream) => (wanted?.includes(stream) ?? true) && stream.startsWith(prefix))
        .flatMap((logStreamName) =>
          within(input, store.events(name, logStreamName)).map((event, index) => ({
            ...event,
            logStreamName,
            ingestionTime: event.timestamp,
            eventId: `${logStreamName}#${index}`,
          })),
        )
        .filter(({ message }) => matches(message))
        .sort((a, b) => a.timestamp - b.timestamp);
      const start = Number(input.optionalText('nextToken') ?? '0') || 0;
      const end = start + (input.optionalNumber('limit') ?? 10_000);
      return {
        events: events.slice(start, end),
        searchedLogStreams: [],
        ...(end < events.length && { nextToken: String(end) }),
      };
    },
  };
  return jsonRpc('logs', operations, 'InvalidParameterException');
}

const alreadyThere = (what: string) =>
  new AwsError('ResourceAlreadyExistsException', `The specified log ${what} already exists`);

const nameOf = (identifier: string) =>
  identifier.replace(/^arn:aws:logs:[^:]*:[^:]*:log-group:/, '').replace(/:\*$/, '');

function within(input: Fields, events: LogEvent[]): LogEvent[] {
  const start = input.optionalNumber('startTime') ?? Number.NEGATIVE_INFINITY;
  const end = input.optionalNumber('endTime') ?? Number.POSITIVE_INFINITY;
  return events.filter(({ timestamp }) => timestamp >= start && timestamp <= end);
}

/** CloudWatch's unstructured patterns: all terms, `?` for any of them, `-` for none, quotes for a phrase. */
export function parsePattern(pattern: string): (message: string) => boolean {
  if (pattern.trim().startsWith('{')) throw invalid('Local Logs has no JSON filter patterns');
  const terms = [...pattern.matchAll(/([?-]?)(?:"([^"]*)"|(\S+))/g)].map(([, sign, phrase, word]) => ({
    sign,
    text: phrase ?? word ?? '',
  }));
  const of = (sign: string) => terms.filter((term) => term.sign === sign).map((term) => term.text);
  const [all, any, none] = [of(''), of('?'), of('-')];
  return (message) =>
    all.every((term) => message.includes(term)) &&
    (any.length === 0 || any.some((term) => message.includes(term))) &&
    !none.some((term) => message.includes(term));
}
