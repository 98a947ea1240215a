/** The `with:` block of a step is wrong: what is missing, unknown or unreadable, and what the action takes. */
export class InputError extends Error {
  override name = 'InputError';
  constructor(action: string, problems: string[], allowed: string[]) {
    super(`${problems.join('\n')}\n${action} takes: ${allowed.join(', ')}`);
  }
}

/**
 * Everything a person needs to read about an error, outermost first: its message, its `hint` (the next step)
 * and the messages of its causes that add something.
 */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; depth++) {
    const message = at instanceof Error ? at.message || at.name : String(at);
    if (!lines.some((line) => line.includes(message)))
      lines.push(depth === 0 ? message : `because: ${message}`);
    const hint = property(at, 'hint');
    if (typeof hint === 'string' && !lines.some((line) => line.includes(hint))) lines.push(hint);
    at = property(at, 'cause');
  }
  return lines.join('\n');
}

/** Where in the user's files an error belongs (its `file` and `line`, where it has them), for GitHub to draw it there. */
export function annotationOf(error: unknown): { file?: string; startLine?: number } {
  const [file, line] = [property(error, 'file'), property(error, 'line')];
  if (typeof file !== 'string') return {};
  return { file, ...(typeof line === 'number' && { startLine: line }) };
}

/** Of the `failures` an error is made of, the first in each file that the error itself is not drawn in. */
export function elsewhere(error: unknown): unknown[] {
  const failures = property(error, 'failures');
  const drawn = new Set([annotationOf(error).file, undefined]);
  return (Array.isArray(failures) ? failures : []).filter((failure) => {
    const { file } = annotationOf(failure);
    const isNew = !drawn.has(file);
    drawn.add(file);
    return isNew;
  });
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
