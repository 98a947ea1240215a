/** What the user can fix: the message says what happened, to what, and what to do next. */
export class TrainingError extends Error {
  override name = 'TrainingError';
}

/** params.yaml says something that can't be trained. `path` is the key, as in `training.epochs`. */
export class ParamsError extends TrainingError {
  override name = 'ParamsError';
  readonly path: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`params.yaml: ${path} ${problem}`, options);
    this.path = path;
  }
}

/** A checkpoint that is missing, half-written or from other code. */
export class CheckpointError extends TrainingError {
  override name = 'CheckpointError';
}

/** The exported model does not answer what the training graph answers. */
export class ExportError extends TrainingError {
  override name = 'ExportError';
}

/** The training data is missing, malformed or too small; the message names the file and the line. */
export class DataError extends TrainingError {
  override name = 'DataError';
}

/** A command line that says nothing to do; the message shows what it could say. */
export class UsageError extends TrainingError {
  override name = 'UsageError';
}
