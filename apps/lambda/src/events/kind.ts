import type { Report, Service } from '../service.ts';

/** A kind of event that the function answers. */
export interface EventKind {
  /** As the log and the refusal of an unknown event call it. */
  name: string;
  /** The answer, or undefined if the event is of another kind. */
  answer(event: unknown, service: Service, report: Report): Promise<unknown> | undefined;
}

/** A kind told by a test that only its events pass. */
export function eventKind<Event>(
  name: string,
  is: (event: Fields) => boolean,
  answer: (event: Event, service: Service, report: Report) => Promise<unknown>,
): EventKind {
  return {
    name,
    answer(event, service, report) {
      const fields = fieldsOf(event);
      return is(fields) ? answer(event as Event, service, report) : undefined;
    },
  };
}

/** An object whose fields may be anything. */
export type Fields = Record<string, unknown>;

/** A value's fields; none if it isn't an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Whether every record of an event comes from this source; an event without records comes from none. */
export function recordsFrom(event: Fields, source: string): boolean {
  const records = event.Records;
  return (
    Array.isArray(records) &&
    records.length > 0 &&
    records.every((record) => fieldsOf(record).eventSource === source)
  );
}
