/** A model bundle that can't be served: names the file, what is wrong with it and what to do next. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
  /** The bundle's file at fault, by its name inside the bundle. */
  readonly file: string;

  constructor(file: string, problem: string, options?: { hint?: string; cause?: unknown }) {
    super(`${file}: ${problem}${options?.hint ? `. ${options.hint}` : ''}`, { cause: options?.cause });
    this.file = file;
  }
}

/** A tokenizer.json that is whole but of a kind that isn't read here. */
export class UnsupportedTokenizer extends BundleError {
  constructor(problem: string, options?: { hint?: string; cause?: unknown }) {
    super('tokenizer.json', problem, options);
  }
}

/** The model is nothing that a quick start can compute; ONNX Runtime can. */
export class NoPlan extends Error {
  override name = 'NoPlan';
}
