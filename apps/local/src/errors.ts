/** Something about this run is wrong in a way the person at the keyboard can mend: said in plain words, no stack. */
export class DemoError extends Error {
  override name = 'DemoError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** The workflow file asks for something that this runner does not do, so running it here would prove nothing. */
export class WorkflowError extends DemoError {
  override name = 'WorkflowError';
}

/** A step of the workflow ended badly; `log` is what it printed, secrets struck out. */
export class StepError extends DemoError {
  override name = 'StepError';
  readonly log: string;

  constructor(message: string, log: string, hint: string) {
    super(message, hint);
    this.log = log;
  }
}
