import type { APIGatewayProxyEventV2 } from 'aws-lambda';

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
