import { parseArgs } from 'node:util';
import { awsClients } from './aws/clients.ts';
import { DeployError, RequestError } from './errors.ts';
import { prune } from './prune.ts';
import { rollback } from './rollback.ts';
import { type Status, status } from './status.ts';

const help = `What is live on Lambda, and the way back.

  status   FUNCTION[:ALIAS] [--json]        what the alias serves, since when, from where, how good
  rollback FUNCTION[:ALIAS] [--to VERSION]  back to the version before, or to this one, once it has answered
  prune    FUNCTION --keep N                delete old versions that no alias uses or would go back to

ALIAS is live if left out. Credentials and region come from the environment; --region REGION overrides.`;

/** Runs one command line; returns what to print. @throws DeployError */
async function main(argv: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      keep: { type: 'string' },
      region: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [verb, target = ''] = positionals;
  if (values.help || !verb) return help;
  const [functionName = '', alias = 'live'] = target.split(':');
  if (!functionName || positionals.length > 2)
    throw new RequestError(`${verb} needs one FUNCTION[:ALIAS]`, help);
  const clients = awsClients(values.region ? { region: values.region } : {});
  const place = { functionName, alias };

  if (verb === 'status') {
    const found = await status(clients, place);
    if (!found) throw new RequestError(`There is no ${functionName}:${alias} in this account and region`);
    return values.json ? JSON.stringify(found, null, 2) : show(found);
  }
  if (verb === 'rollback') {
    const result = await rollback(clients, { ...place, ...(values.to && { to: values.to }) });
    return result.changed
      ? `${functionName}:${alias} serves version ${result.version} again (was ${result.previousVersion})`
      : `${functionName}:${alias} serves version ${result.version} already`;
  }
  if (verb === 'prune') {
    if (!/^[1-9]\d*$/.test(values.keep ?? ''))
      throw new RequestError('prune needs --keep N, how many versions stay');
    const deleted = await prune(clients, { functionName, keep: Number(values.keep) });
    return deleted.length > 0 ? `Deleted versions ${deleted.join(', ')}` : 'Nothing to delete';
  }
  throw new RequestError(`There is no command "${verb}"`, help);
}

function show(is: Status): string {
  const facts = {
    commit: is.commit,
    model: is.model,
    ...is.metrics,
    since: is.since,
    image: is.digest,
    previous: is.previous && `version ${is.previous}`,
    shifting: is.shifting && `${is.shifting.weight * 100} % to version ${is.shifting.version}`,
    url: is.url,
  };
  const lines = Object.entries(facts).filter(([, value]) => value !== undefined);
  return [
    `${is.functionName}:${is.alias} serves version ${is.version} (${is.state})`,
    ...lines.map(([name, value]) => `  ${name.padEnd(9)} ${value}`),
  ].join('\n');
}

try {
  console.log(await main(process.argv.slice(2)));
} catch (error) {
  const expected = error instanceof DeployError || (error instanceof TypeError && 'code' in error);
  const hint = error instanceof DeployError && error.hint ? `\n${error.hint}` : '';
  console.error(expected ? `${error.message}${hint}` : error);
  process.exitCode = 1;
}
