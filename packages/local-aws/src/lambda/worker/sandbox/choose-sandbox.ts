import { canMakeNamespaces, namespaceSandbox } from './namespace-sandbox.ts';
import { hostSandbox, type Sandbox } from './sandbox.ts';

/** Where handlers run: `auto` takes namespaces where this user may make them. */
export type Isolation = 'auto' | 'host' | 'namespace';

let machineCan: boolean | undefined;

/** The sandbox for an isolation; `needsHost` says that images link to folders of this machine, which no namespace has. */
export function chooseSandbox(isolation: Isolation, needsHost: boolean, emptyFolder: string): Sandbox {
  if (isolation === 'auto' && !needsHost) machineCan ??= canMakeNamespaces();
  const isolated = isolation === 'namespace' || (isolation === 'auto' && !needsHost && machineCan === true);
  return isolated ? namespaceSandbox(emptyFolder) : hostSandbox;
}
