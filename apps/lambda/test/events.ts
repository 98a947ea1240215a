import type {
  ALBEvent,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  S3Event,
  SQSEvent,
  SQSRecordAttributes,
} from 'aws-lambda';
import fc from 'fast-check';

/** A function URL event as AWS documents it, with the parts a test cares about. */
export function v2(
  method: string,
  rawPath: string,
  more: { body?: string; headers?: Record<string, string>; isBase64Encoded?: boolean; stage?: string } = {},
): APIGatewayProxyEventV2 {
  const { stage = '$default', headers = { 'content-type': 'application/json' }, ...rest } = more;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: '',
    headers,
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'id.lambda-url.us-east-1.on.aws',
      domainPrefix: 'id',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'request',
      routeKey: '$default',
      stage,
      time: '20/Nov/2026:12:00:00 +0000',
      timeEpoch: 1795176000000,
    },
    isBase64Encoded: false,
    ...rest,
  };
}

/** A REST API's event as AWS documents it. */
export function restApi(method: string, path: string, body: string | null = null): APIGatewayProxyEvent {
  const headers = { 'Content-Type': 'application/json' };
  return {
    ...{ resource: '/{proxy+}', path, httpMethod: method, headers, body, isBase64Encoded: false },
    pathParameters: { proxy: path.slice(1) },
    multiValueHeaders: { 'Content-Type': ['application/json'] },
    ...{
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      stageVariables: null,
    },
    requestContext: {
      ...{
        accountId: '000000000000',
        apiId: 'api',
        protocol: 'HTTP/1.1',
        httpMethod: method,
        path: `/prod${path}`,
      },
      ...{
        stage: 'prod',
        requestId: 'request',
        requestTimeEpoch: 1795176000000,
        resourceId: 'r',
        resourcePath: path,
      },
      authorizer: null,
      identity: {
        ...{ accessKey: null, accountId: null, apiKey: null, apiKeyId: null, caller: null, clientCert: null },
        ...{ cognitoAuthenticationProvider: null, cognitoAuthenticationType: null, cognitoIdentityId: null },
        ...{
          cognitoIdentityPoolId: null,
          principalOrgId: null,
          sourceIp: '192.0.2.1',
          user: null,
          userAgent: null,
        },
        userArn: null,
      },
    },
  };
}

/** A load balancer's event, with headers of many values if its target group is set so. */
export function loadBalancer(method: string, path: string, body: string, multiValue: boolean): ALBEvent {
  return {
    requestContext: {
      elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/a/b' },
    },
    ...{ httpMethod: method, path, body, isBase64Encoded: false },
    ...(multiValue
      ? { multiValueHeaders: { 'content-type': ['application/json'] }, multiValueQueryStringParameters: {} }
      : { headers: { 'content-type': 'application/json' }, queryStringParameters: {} }),
  };
}

/** Messages of a queue; only in a FIFO queue do groups keep an order. */
export function sqs(messages: { id: string; body: string; group?: string }[], queueName = 'texts'): SQSEvent {
  return {
    Records: messages.map(({ id, body, group }) => ({
      ...{
        messageId: id,
        receiptHandle: 'handle',
        body,
        messageAttributes: {},
        md5OfBody: '',
        awsRegion: 'us-east-1',
      },
      ...{ eventSource: 'aws:sqs', eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queueName}` },
      attributes: {
        ...{
          ApproximateReceiveCount: '1',
          SentTimestamp: '1',
          SenderId: 'a',
          ApproximateFirstReceiveTimestamp: '1',
        },
        ...(group === undefined ? {} : { MessageGroupId: group }),
      } satisfies SQSRecordAttributes,
    })),
  };
}

/** New objects, with keys as S3 writes them. */
export function s3(bucket: string, keys: string[], eventName = 'ObjectCreated:Put'): S3Event {
  return {
    Records: keys.map((key) => ({
      ...{ eventVersion: '2.1', eventSource: 'aws:s3', awsRegion: 'us-east-1', eventTime: '', eventName },
      ...{ userIdentity: { principalId: 'a' }, requestParameters: { sourceIPAddress: '192.0.2.1' } },
      responseElements: { 'x-amz-request-id': 'a', 'x-amz-id-2': 'a' },
      s3: {
        ...{ s3SchemaVersion: '1.0', configurationId: 'a' },
        bucket: { name: bucket, ownerIdentity: { principalId: 'a' }, arn: `arn:aws:s3:::${bucket}` },
        object: {
          key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'),
          size: 1,
          eTag: '',
          sequencer: '0',
        },
      },
    })),
  };
}

/** What stands in every text, name, path and header of an arbitrary event, and nowhere else. */
export const secret = 'hunter2';
const words = fc.string().map((text) => `${secret}${text}`);

const body = fc.oneof(
  words,
  fc.json(),
  fc.record({ text: words }).map((value) => JSON.stringify(value)),
  fc.record({ texts: fc.array(fc.oneof(words, fc.anything())) }).map((value) => JSON.stringify(value)),
  fc.dictionary(words, fc.jsonValue()).map((value) => JSON.stringify(value)),
);
const method = fc.oneof(fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', '', '__proto__'), words);
const path = fc.oneof(
  fc.constantFrom('/', '/predict', '/predict/', '/model', '/health'),
  words.map((word) => `/${word}`),
  fc.string(),
);
const headers = fc.dictionary(
  fc.constantFrom('content-type', 'Content-Encoding', 'x-request-id', 'user-agent', 'accept'),
  fc.oneof(fc.constantFrom('application/json', 'application/json;charset=utf-8', 'text/plain'), words),
);
const route: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(['POST', '/predict']) },
  { weight: 1, arbitrary: fc.tuple(method, path) },
);
const more = fc.record(
  { body, headers, isBase64Encoded: fc.boolean(), stage: fc.string() },
  { requiredKeys: ['body'] },
);
const httpEvent = fc.oneof(
  fc.tuple(route, more).map(([to, parts]): unknown => v2(...to, parts)),
  fc.tuple(route, fc.option(body)).map(([to, parts]): unknown => restApi(...to, parts)),
  fc.tuple(route, body, fc.boolean()).map(([to, ...parts]): unknown => loadBalancer(...to, ...parts)),
  fc
    .array(fc.record({ id: fc.uuid(), body }), { minLength: 1, maxLength: 3 })
    .map((messages): unknown => sqs(messages)),
);
const change = fc.tuple(
  fc.constantFrom(
    'version',
    'headers',
    'multiValueHeaders',
    'body',
    'path',
    'rawPath',
    'httpMethod',
    'requestContext',
    'isBase64Encoded',
    'Records',
    'text',
  ),
  fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(undefined, {}, [null], { http: { method: 'GET' } }, { elb: 1 }),
  ),
);

/** Anything at all, direct invokes, and every kind of event that is answered with a part of it replaced now and then. */
export const anyEvent: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: fc.anything({ maxDepth: 2 }) },
  {
    weight: 1,
    arbitrary: fc.record(
      { text: fc.oneof(words, fc.anything({ maxDepth: 1 })), texts: fc.jsonValue(), sentence: words },
      { requiredKeys: [] },
    ),
  },
  { weight: 2, arbitrary: httpEvent },
  {
    weight: 2,
    arbitrary: fc
      .tuple(httpEvent, change)
      .map(([event, [key, value]]) => ({ ...(event as object), [key]: value })),
  },
);
