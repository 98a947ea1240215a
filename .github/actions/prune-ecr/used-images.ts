import {
  GetFunctionCommand,
  type LambdaClient,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from '@aws-sdk/client-lambda';

const lookedUpAtOnce = 4;

/**
 * The digests that any version of any function in the account and region runs, `$LATEST` included, each with a version
 * that does. Aliases name versions, so theirs are among them. Throws when one can't be looked up: what isn't known to
 * be unused isn't.
 */
export async function usedImages(lambda: LambdaClient): Promise<Map<string, string>> {
  const used = new Map<string, string>();
  const names = (await listFunctions(lambda)).values();
  const worker = async () => {
    for (const name of names)
      for (const version of await listVersions(lambda, name))
        for (const digest of await digestsOf(lambda, name, version)) used.set(digest, `${name}:${version}`);
  };
  await Promise.all(Array.from({ length: lookedUpAtOnce }, worker));
  return used;
}

async function listFunctions(lambda: LambdaClient): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateListFunctions({ client: lambda }, {}))
    for (const { FunctionName, PackageType } of page.Functions ?? [])
      if (FunctionName && PackageType === 'Image') names.push(FunctionName);
  return names;
}

async function listVersions(lambda: LambdaClient, name: string): Promise<string[]> {
  const versions: string[] = [];
  for await (const page of paginateListVersionsByFunction({ client: lambda }, { FunctionName: name }))
    for (const { Version } of page.Versions ?? []) if (Version) versions.push(Version);
  if (!versions.includes('$LATEST'))
    throw new Error(`Lambda does not list the versions of ${name}. Nothing was deleted.`);
  return versions;
}

async function digestsOf(lambda: LambdaClient, name: string, version: string): Promise<string[]> {
  const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName: name, Qualifier: version }));
  const digests = [Code?.ResolvedImageUri, Code?.ImageUri].flatMap((uri) => uri?.split('@')[1] ?? []);
  if (digests.length === 0)
    throw new Error(`Lambda does not say which image ${name}:${version} runs. Nothing was deleted.`);
  return digests;
}
