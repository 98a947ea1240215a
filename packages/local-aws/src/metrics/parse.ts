import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';

/** A list of Name/Value pairs as a record. */
export function dimensionsOf(input: Fields): Record<string, string> {
  const list = input.optionalList('Dimensions') ?? [];
  return Object.fromEntries(list.map((one) => [one.text('Name'), one.text('Value')]));
}

/** A moment as JSON clients send it (seconds since 1970), in milliseconds. */
export function moment(input: Fields, name: string, fallback: number): number {
  const seconds = input.optionalNumber(name);
  return seconds === undefined ? fallback : seconds * 1000;
}

/** A period in milliseconds; CloudWatch takes 10, 20, 30 or a multiple of 60 seconds. */
export function period(input: Fields): number {
  const seconds = input.optionalNumber('Period') ?? 60;
  if (![10, 20, 30].includes(seconds) && (seconds <= 0 || seconds % 60 !== 0))
    throw new AwsError('InvalidParameterValueException', 'Period must be 10, 20, 30 or a multiple of 60');
  return seconds * 1000;
}
