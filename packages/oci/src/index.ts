export { type AssembledImage, type AssembleOptions, assemble } from './assemble.ts';
export type { BaseSource } from './base/base.ts';
export { formatPlatform, type Platform, parsePlatform } from './base/platform.ts';
export { type Change, diff, type ImageDiff } from './diff.ts';
export { digestOf, isDigest } from './digest.ts';
export { DockerBuildFailed, type DockerBuildOptions, dockerBuild } from './docker-build.ts';
export {
  DigestMismatch,
  InvalidLayer,
  InvalidLayout,
  InvalidManifest,
  InvalidReference,
  InvalidTar,
  OciError,
  PlatformMissing,
  RegistryError,
  TagIsImmutable,
  UnsafeTarEntry,
} from './errors.ts';
export { type ExtractOptions, extractLayer } from './extract-layer.ts';
export { type Image, type OpenOptions, openImage } from './image.ts';
export type { LayerSource } from './layer/list-tree.ts';
export type { Component } from './layer/sbom.ts';
export { type Layout, readLayout } from './layout/layout.ts';
export type { Finding } from './lint/finding.ts';
export { type LintOptions, lint } from './lint/lint.ts';
export { InvalidLock, lock, lockFile, type Pin, pinned } from './lock.ts';
export {
  annotations,
  type Descriptor,
  type HistoryEntry,
  type ImageConfig,
  type ImageIndex,
  type IndexEntry,
  isIndex,
  type Manifest,
  mediaTypes,
  parseConfig,
  parseManifest,
  type RuntimeConfig,
} from './manifest.ts';
export { type PullOptions, pull } from './pull.ts';
export { type PushOptions, type PushResult, push } from './push.ts';
export {
  formatReference,
  isLoopback,
  isRepository,
  isTag,
  parseReference,
  type Reference,
  registryUrl,
} from './reference.ts';
export type { Credential, CredentialSource } from './registry/authorization.ts';
export { DockerLoginFailed, dockerCredential } from './registry/docker-credential.ts';
export { Registry, type StoredManifest } from './registry/registry.ts';
export type { Patience } from './registry/retry.ts';
