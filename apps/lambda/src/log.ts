/** Writes one line of JSON, which CloudWatch Logs reads field by field. Never pass it a text from a request. */
export type Log = (level: 'info' | 'error', message: string, fields: Record<string, unknown>) => void;

/** The log of a Lambda function: its standard output. */
export const log: Log = (level, message, fields) => {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
};
