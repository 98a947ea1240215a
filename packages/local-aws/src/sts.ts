import { AwsError } from './errors.ts';
import { readBody } from './http/call.ts';
import type { Service } from './http/service.ts';
import { element, group } from './http/xml.ts';
import { account } from './identity.ts';

/** STS: GetCallerIdentity, which `aws configure` and the credential actions ask first. */
export const sts: Service = {
  name: 'sts',
  operationOf: () => 'GetCallerIdentity',
  async handle(call) {
    const form = new URLSearchParams((await readBody(call)).toString('utf8'));
    const action = form.get('Action') ?? call.query.get('Action');
    if (action !== 'GetCallerIdentity') throw new AwsError('InvalidAction', `Local STS has no ${action}`);
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: group(
        'GetCallerIdentityResponse',
        group(
          'GetCallerIdentityResult',
          element('Arn', `arn:aws:iam::${account}:root`),
          element('UserId', account),
          element('Account', account),
        ),
        group('ResponseMetadata', element('RequestId', call.requestId)),
      ),
    };
  },
  refusal: (error, call) => ({
    status: error.status,
    headers: { 'content-type': 'text/xml' },
    body: group(
      'ErrorResponse',
      group(
        'Error',
        element('Type', 'Sender'),
        element('Code', error.code),
        element('Message', error.message),
      ),
      element('RequestId', call.requestId),
    ),
  }),
};
