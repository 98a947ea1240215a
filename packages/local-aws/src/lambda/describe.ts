import type { Cors } from './cors.ts';
import { type Alias, functionArn, type LambdaFunction, type UrlConfig, type Version } from './function.ts';

/** A version as GetFunctionConfiguration shows it. */
export function describeVersion(fn: LambdaFunction, version: Version, qualifier?: string): object {
  const suffix = qualifier ?? (version.version === '$LATEST' ? undefined : version.version);
  const { command, entrypoint, workingDirectory } = version;
  return {
    FunctionName: fn.name,
    FunctionArn: functionArn(fn.name, suffix),
    Role: version.role,
    CodeSize: 0,
    CodeSha256: version.digest.replace('sha256:', ''),
    Description: version.description,
    Timeout: version.timeoutSeconds,
    MemorySize: version.memoryMb,
    LastModified: version.lastModified.replace('Z', '+0000'),
    Version: version.version,
    PackageType: version.packageType,
    ...(version.packageType === 'Zip' && { Runtime: 'nodejs24.x', Handler: 'index.handler' }),
    Architectures: [version.architecture],
    EphemeralStorage: { Size: version.ephemeralMb },
    ...(Object.keys(version.environment).length > 0 && { Environment: { Variables: version.environment } }),
    ...((command || entrypoint || workingDirectory) && {
      ImageConfigResponse: {
        ImageConfig: {
          ...(command && { Command: command }),
          ...(entrypoint && { EntryPoint: entrypoint }),
          ...(workingDirectory && { WorkingDirectory: workingDirectory }),
        },
      },
    }),
    LoggingConfig: { LogFormat: version.logFormat, LogGroup: version.logGroup },
    TracingConfig: { Mode: version.tracing },
    SnapStart: {
      ApplyOn: version.snapStart ? 'PublishedVersions' : 'None',
      OptimizationStatus: version.snapStart && version.version !== '$LATEST' ? 'On' : 'Off',
    },
    RevisionId: version.revisionId,
    State: version.state,
    StateReason: version.stateReason?.message,
    StateReasonCode: version.stateReason?.code,
    LastUpdateStatus: version.updateStatus,
    LastUpdateStatusReason: version.updateReason?.message,
    LastUpdateStatusReasonCode: version.updateReason?.code,
  };
}

/** An alias as GetAlias shows it. */
export function describeAlias(fn: LambdaFunction, alias: Alias): object {
  return {
    AliasArn: functionArn(fn.name, alias.name),
    Name: alias.name,
    FunctionVersion: alias.version,
    Description: alias.description,
    RevisionId: alias.revisionId,
    ...(Object.keys(alias.weights).length > 0 && {
      RoutingConfig: { AdditionalVersionWeights: alias.weights },
    }),
  };
}

function describeCors(cors: Cors): object {
  return {
    AllowOrigins: cors.allowOrigins,
    AllowMethods: cors.allowMethods,
    AllowHeaders: cors.allowHeaders,
    ExposeHeaders: cors.exposeHeaders,
    AllowCredentials: cors.allowCredentials,
    MaxAge: cors.maxAgeSeconds,
  };
}

/** A function URL as GetFunctionUrlConfig shows it. */
export function describeUrl(fn: LambdaFunction, url: UrlConfig, origin: string): object {
  return {
    FunctionUrl: `${origin}/lambda-url/${url.id}/`,
    FunctionArn: functionArn(fn.name, url.qualifier === '$LATEST' ? undefined : url.qualifier),
    AuthType: url.authType,
    InvokeMode: url.invokeMode,
    ...(url.cors && { Cors: describeCors(url.cors) }),
    CreationTime: url.createdAt,
    LastModifiedTime: url.lastModified,
  };
}
