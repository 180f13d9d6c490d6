/** The packages that the lock file names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a worker's packages may come to, so that one more is somebody's decision. Now: docs/supply-chain.md. */
export const LIMITS = { packagesMax: 72, installedBytesMax: 22_000_000 } as const;

export interface LockedPackage {
  /** Where npm puts it. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

export function lockedPackages(): readonly LockedPackage[] {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8')) as {
    packages: Record<string, Omit<LockedPackage, 'path' | 'name'>>;
  };
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({ ...entry, path, name: path.slice(path.lastIndexOf('node_modules/') + 13) }));
}

/** Comes with the package, if only where its platform fits. */
export const isShipped = ({ dev }: LockedPackage): boolean => !dev;

export const isOptional = ({ optional, devOptional }: LockedPackage): boolean =>
  Boolean(optional || devOptional);

export const titleOf = ({ name, version }: LockedPackage): string => `${name}@${version}`;
