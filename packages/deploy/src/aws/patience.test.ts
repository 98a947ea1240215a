import { expect, it } from 'vitest';
import { type Pace, startPatience } from './patience.ts';

const pace: Pace = { timeoutMs: 5_000, pollMs: 0, retryMs: 0, attempts: 4 };

/** An SDK error as the clients throw it. */
const sdkError = (name: string, status: number | undefined, message = name) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });

const fails = (error: Error, times: number) => {
  let calls = 0;
  const send = async () => {
    if (++calls <= times) throw error;
    return 'done';
  };
  return { send, calls: () => calls };
};

it.each<[string, Error]>([
  ['throttling by name', sdkError('TooManyRequestsException', 400)],
  ['throttling by status', sdkError('Whatever', 429)],
  ['a server error', sdkError('ServiceException', 500)],
  ['a broken connection', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ['a time-out', sdkError('TimeoutError', undefined)],
  [
    'a role that is not known yet',
    sdkError(
      'InvalidParameterValueException',
      400,
      'The role defined for the function cannot be assumed by Lambda.',
    ),
  ],
])('calls again after %s, and gives up after a few attempts', async (_, error) => {
  const twice = fails(error, 2);
  expect(await startPatience(pace).call('Call', twice.send)).toBe('done');
  const always = fails(error, Number.POSITIVE_INFINITY);
  await expect(startPatience(pace).call('Call', always.send)).rejects.toMatchObject({
    name: 'AwsRefusal',
    cause: error,
  });
  expect(always.calls()).toBe(4);
});

it.each<[string, Error]>([
  ['no permission', sdkError('AccessDeniedException', 403)],
  ['a stale revision', sdkError('PreconditionFailedException', 412)],
  ['a wrong parameter', sdkError('InvalidParameterValueException', 400)],
  [
    'something that is there already',
    sdkError('ResourceConflictException', 409, 'Function already exist: spam'),
  ],
  [
    'a version in use',
    sdkError(
      'ResourceConflictException',
      409,
      'Unable to delete version because the following aliases reference it: [live]',
    ),
  ],
  ['no credentials', sdkError('CredentialsProviderError', undefined)],
  ['a mistake of ours', new TypeError('undefined is not a function')],
])('takes %s for an answer', async (_, error) => {
  const always = fails(error, Number.POSITIVE_INFINITY);
  await expect(startPatience(pace).call('Call', always.send)).rejects.toMatchObject({ cause: error });
  expect(always.calls()).toBe(1);
});

it('waits for an update that is under way until the deadline, however often it has to ask', async () => {
  const busy = sdkError('ResourceConflictException', 409, 'An update is in progress for resource');
  expect(await startPatience(pace).call('Call', fails(busy, 50).send)).toBe('done');
  const slow = { ...pace, timeoutMs: 20, retryMs: 5 };
  await expect(
    startPatience(slow).call('Call', fails(busy, Number.POSITIVE_INFINITY).send),
  ).rejects.toMatchObject({
    name: 'TimedOut',
    message: 'Gave up after 0.02 s while calling Call',
    cause: busy,
  });
});

it('has one deadline for all of its waits, which a wanted pause does not use up', async () => {
  const patience = startPatience({ ...pace, timeoutMs: 40, pollMs: 10 });
  await patience.pause(60);
  expect(await patience.until('it is there', async () => true)).toBe(true);
  await expect(
    patience.until('it is there', async (saw) => {
      saw('half of it');
      return undefined;
    }),
  ).rejects.toThrow('waiting until it is there (last seen: half of it)');
});

it('says how to sign in when there are no credentials', async () => {
  const error = sdkError(
    'UnrecognizedClientException',
    403,
    'The security token included in the request is invalid.',
  );
  await expect(startPatience(pace).call('GetFunction', fails(error, 1).send)).rejects.toMatchObject({
    message:
      'AWS refused GetFunction: 403 UnrecognizedClientException: The security token included in the request is invalid.',
    hint: expect.stringContaining('role-to-assume'),
  });
});
