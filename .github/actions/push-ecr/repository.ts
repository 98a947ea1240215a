import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  type ECRClient,
  GetAuthorizationTokenCommand,
  RepositoryAlreadyExistsException,
  RepositoryNotFoundException,
  SetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import type { Credential } from '@mainline/oci';

/** Lambda pulls the image itself, and may only where the repository says so. */
const lambdaMayPull = {
  Version: '2008-10-17',
  Statement: [
    {
      Sid: 'LambdaECRImageRetrievalPolicy',
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    },
  ],
};

/** The repository's URI; created when it is missing and may be. Throws with the next step otherwise. */
export async function findRepository(
  ecr: ECRClient,
  name: string,
  options: { create: boolean; log: (line: string) => void },
): Promise<string> {
  const found = await describe(ecr, name);
  if (found) return found;
  if (!options.create)
    throw new Error(
      `There is no ECR repository "${name}" in this account and region. Create it, or set create-repository: true.`,
    );
  try {
    await ecr.send(
      new CreateRepositoryCommand({
        repositoryName: name,
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
      }),
    );
    options.log(`Created the ECR repository ${name}`);
  } catch (error) {
    if (!(error instanceof RepositoryAlreadyExistsException)) throw error;
  }
  await ecr.send(
    new SetRepositoryPolicyCommand({ repositoryName: name, policyText: JSON.stringify(lambdaMayPull) }),
  );
  const uri = await describe(ecr, name);
  if (!uri)
    throw new Error(`ECR created the repository "${name}" but does not list it. Run this step again.`);
  return uri;
}

/** A login for the account's registry, struck out of the log before anything else is done with it. */
export async function login(ecr: ECRClient, mask: (secret: string) => void): Promise<Credential> {
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const token = authorizationData?.[0]?.authorizationToken ?? '';
  mask(token);
  const [username = '', password = ''] = Buffer.from(token, 'base64').toString('utf8').split(/:(.*)/s);
  mask(password);
  return { username, password };
}

async function describe(ecr: ECRClient, name: string): Promise<string | undefined> {
  try {
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
    return repositories?.[0]?.repositoryUri;
  } catch (error) {
    if (error instanceof RepositoryNotFoundException) return undefined;
    throw error;
  }
}
