import { ParamsError } from './errors.ts';

/** The `model` section of params.yaml: the encoder's shape. */
export interface ModelShape {
  /** Encoder layers; 0 is a bag of embeddings. */
  layers: number;
  /** Width of every token vector; a multiple of 4 (the optimizer's SIMD lanes) and of `heads`. */
  hidden: number;
  heads: number;
  /** Inner width of each layer's feed-forward block. */
  feedForward: number;
  /** Longest text the model is given, in tokens. */
  maxTokens: number;
  /** Attention looks at most this far: a text is cut into windows of so many tokens. */
  windowTokens: number;
  /** Rows of the hashed table of token pairs. */
  bigramRows: number;
}

/** The `training` section of params.yaml: how the weights are found. */
export interface TrainingPlan {
  epochs: number;
  batchSize: number;
  /** Peak of the schedule: linear warm-up, then linear decay to 0. */
  learningRate: number;
  /** Part of all steps that warm up, 0..1. */
  warmup: number;
  weightDecay: number;
  /** Largest L2 norm of all gradients together; longer ones are scaled down. */
  clipNorm: number;
  /** Part of the activations zeroed in training, 0..1. */
  dropout: number;
  /** Part of the tokens replaced by [UNK] in training, 0..1. */
  wordDropout: number;
  seed: number;
}

export interface Hyperparameters {
  model: ModelShape;
  training: TrainingPlan;
}

/**
 * Checks the `model` and `training` sections as read from YAML.
 * Throws ParamsError naming the key that is missing, unknown or out of range.
 */
export function parseHyperparameters(model: unknown, training: unknown): Hyperparameters {
  const shape = readSection('model', model, {
    layers: integer(0, 24),
    hidden: integer(4, 4096),
    heads: integer(1, 64),
    feedForward: integer(4, 16384),
    maxTokens: integer(4, 8192),
    windowTokens: integer(4, 8192),
    bigramRows: integer(1, 1 << 22),
  });
  const plan = readSection('training', training, {
    epochs: integer(1, 1000),
    batchSize: integer(1, 4096),
    learningRate: number(1e-9, 1),
    warmup: number(0, 1),
    weightDecay: number(0, 0.9),
    clipNorm: number(1e-6, 1e6),
    dropout: number(0, 0.9),
    wordDropout: number(0, 0.9),
    seed: integer(0, 2 ** 31 - 1),
  });
  if (shape.hidden % 4) throw new ParamsError('model.hidden', `is ${shape.hidden}: make it a multiple of 4`);
  if (shape.hidden % shape.heads)
    throw new ParamsError('model.hidden', `is ${shape.hidden}: make it a multiple of heads (${shape.heads})`);
  return { model: shape, training: plan };
}

type Check = (path: string, value: unknown) => number;

function integer(least: number, most: number): Check {
  const inRange = number(least, most);
  return (path, value) => {
    const result = inRange(path, value);
    if (!Number.isInteger(result)) throw new ParamsError(path, `is ${result}: it must be a whole number`);
    return result;
  };
}

function number(least: number, most: number): Check {
  return (path, value) => {
    if (typeof value !== 'number' || !(value >= least && value <= most))
      throw new ParamsError(
        path,
        `is ${JSON.stringify(value)}: it must be a number from ${least} to ${most}`,
      );
    return value;
  };
}

function readSection<Key extends string>(
  section: string,
  value: unknown,
  checks: Record<Key, Check>,
): Record<Key, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ParamsError(section, `is missing: give it ${Object.keys(checks).join(', ')}`);
  const given = value as Record<string, unknown>;
  for (const key of Object.keys(given))
    if (!Object.hasOwn(checks, key))
      throw new ParamsError(`${section}.${key}`, `is not known: use ${Object.keys(checks).join(', ')}`);
  const result = {} as Record<Key, number>;
  for (const key in checks) {
    if (!Object.hasOwn(given, key)) throw new ParamsError(`${section}.${key}`, 'is missing');
    result[key] = checks[key](`${section}.${key}`, given[key]);
  }
  return result;
}
