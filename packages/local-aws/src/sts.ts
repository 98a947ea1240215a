import { AwsError } from './errors.ts';
import type { Reply, Service } from './http/call.ts';
import { readBody } from './http/call.ts';
import { account } from './identity.ts';

/** STS: GetCallerIdentity, which `aws configure` and the credential actions ask first. */
export const sts: Service = async (call): Promise<Reply> => {
  const form = new URLSearchParams((await readBody(call)).toString('utf8'));
  const action = form.get('Action') ?? call.query.get('Action');
  if (action !== 'GetCallerIdentity') throw new AwsError('InvalidAction', `Local STS has no ${action}`);
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body:
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
      `<Arn>arn:aws:iam::${account}:root</Arn><UserId>${account}</UserId><Account>${account}</Account>` +
      `</GetCallerIdentityResult><ResponseMetadata><RequestId>${call.requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  };
};
