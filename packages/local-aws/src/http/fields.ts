import { AwsError } from '../errors.ts';

/** A JSON request body, read member by member: everything a client sends is `unknown` until it has passed here. */
export class Fields {
  readonly #value: Record<string, unknown>;
  readonly #code: string;

  /** `code` is the error a wrong member raises, in the service's own words. */
  constructor(value: Record<string, unknown>, code: string) {
    this.#value = value;
    this.#code = code;
  }

  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#fail(name, 'is required');
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.#fail(name, 'is required');
  }

  optionalText(name: string): string | undefined {
    return this.#read(name, 'a string', (value) => (typeof value === 'string' ? value : undefined));
  }

  optionalNumber(name: string): number | undefined {
    return this.#read(name, 'a number', (value) =>
      typeof value === 'number' && Number.isFinite(value) ? value : undefined,
    );
  }

  optionalBoolean(name: string): boolean | undefined {
    return this.#read(name, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  optionalFields(name: string): Fields | undefined {
    return this.#read(name, 'an object', (value) => this.#nested(value));
  }

  optionalTexts(name: string): string[] | undefined {
    return this.#read(name, 'a list of strings', (value) =>
      Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined,
    );
  }

  /** An object whose values are all objects. */
  optionalFieldsMap(name: string): Record<string, Fields> | undefined {
    return this.#read(name, 'an object of objects', (value) => {
      if (!this.#nested(value)) return undefined;
      const entries = Object.entries(value as object).map(([key, one]) => [key, this.#nested(one)] as const);
      return entries.every(([, one]) => one !== undefined)
        ? (Object.fromEntries(entries) as Record<string, Fields>)
        : undefined;
    });
  }

  optionalNumbers(name: string): number[] | undefined {
    return this.#read(name, 'a list of numbers', (value) =>
      Array.isArray(value) && value.every((one) => typeof one === 'number') ? value : undefined,
    );
  }

  /** A list of objects; absent is `undefined`, not empty. */
  optionalList(name: string): Fields[] | undefined {
    return this.#read(name, 'a list of objects', (value) => {
      if (!Array.isArray(value)) return undefined;
      const fields = value.map((one) => this.#nested(one));
      return fields.every((one) => one !== undefined) ? fields : undefined;
    });
  }

  /** An object whose values are all strings. */
  optionalTextMap(name: string): Record<string, string> | undefined {
    return this.#read(name, 'an object of strings', (value) => {
      if (!this.#nested(value)) return undefined;
      const entries = Object.entries(value as object);
      return entries.every(([, one]) => typeof one === 'string')
        ? (Object.fromEntries(entries) as Record<string, string>)
        : undefined;
    });
  }

  /** An object whose values are all numbers. */
  optionalNumberMap(name: string): Record<string, number> | undefined {
    return this.#read(name, 'an object of numbers', (value) => {
      if (!this.#nested(value)) return undefined;
      const entries = Object.entries(value as object);
      return entries.every(([, one]) => typeof one === 'number')
        ? (Object.fromEntries(entries) as Record<string, number>)
        : undefined;
    });
  }

  #nested(value: unknown): Fields | undefined {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? new Fields(value as Record<string, unknown>, this.#code)
      : undefined;
  }

  #read<T>(name: string, kind: string, parse: (value: unknown) => T | undefined): T | undefined {
    if (!this.has(name)) return undefined;
    return parse(this.#value[name]) ?? this.#fail(name, `must be ${kind}`);
  }

  #fail(name: string, why: string): never {
    throw new AwsError(this.#code, `Value at '${name}' failed to satisfy constraint: member ${why}`);
  }
}
