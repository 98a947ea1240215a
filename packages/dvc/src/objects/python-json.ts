/** Orders strings by Unicode code point, as Python does; JavaScript's own order is by UTF-16 unit. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) {
      // A surrogate stands for an astral code point, which comes after every unit of the basic plane.
      const astralA = a >= 0xd800 && a <= 0xdfff;
      const astralB = b >= 0xd800 && b <= 0xdfff;
      return astralA === astralB ? a - b : astralA ? 1 : -1;
    }
  }
  return left.length - right.length;
}

const short: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

function pythonString(text: string): string {
  const escaped = text.replace(
    /["\\]|[^\x20-\x7e]/g,
    (unit) => short[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** What may stand in a JSON document. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The bytes of Python's `json.dumps(value, sort_keys=True)`, which DVC hashes: all ASCII, `", "` and `": "` between. */
export function pythonJson(value: Json): string {
  if (typeof value === 'string') return pythonString(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const keys = Object.keys(value).sort(compareCodePoints);
    return `{${keys.map((key) => `${pythonString(key)}: ${pythonJson(value[key] ?? null)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}
