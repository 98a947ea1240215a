const advice: Record<string, string> = {
  InvalidImage:
    'Lambda takes one single-platform image with gzip layers that hold every parent directory. Build it with the build-image action, or with docker buildx build --provenance=false --sbom=false --platform linux/amd64.',
  ImageAccessDenied:
    'Lambda may not pull the image: the repository must be in the same region, and its policy must let lambda.amazonaws.com do ecr:BatchGetImage and ecr:GetDownloadUrlForLayer.',
  ImageDeleted: 'The image is gone from its repository: push it again, then run this step again.',
  'FunctionError.InitTimeout':
    'The function did not start in time: give it more memory (more memory is more CPU) or load less at start.',
  'FunctionError.InvalidEntryPoint':
    'The image has no program that Lambda can start: check its entry point, its command and its architecture.',
  'FunctionError.InvalidWorkingDirectory': 'The working directory of the image does not exist in it.',
  'FunctionError.PermissionDenied':
    'A file can not be read by the user Lambda runs as: files need mode 644 and folders 755.',
  'FunctionError.RuntimeInitError': 'The function threw while it was loaded: its log group has the stack.',
  InsufficientRolePermissions: 'The role of the function lacks a permission that its configuration needs.',
  KMSKeyAccessDenied:
    'The key that encrypts the environment or the image is not usable by the function or by Lambda.',
};

/** What to do about a reason code of State or LastUpdateStatus. */
export function adviseOn(reasonCode: string): string {
  return (
    advice[reasonCode] ??
    'The reason code is described in the API reference of GetFunctionConfiguration; run this step again once it is cured.'
  );
}
