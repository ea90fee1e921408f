/** Vectors of fixtures/manifests and fixtures/conversions. */
import { readFileSync } from 'node:fs';

/** Docker configs, and what skopeo makes of them as OCI; others it refuses. */
export interface ConfigConversions {
  readonly converted: readonly ConfigConversion[];
  readonly refused: readonly Omit<ConfigConversion, 'oci'>[];
}

interface ConfigConversion {
  /** What the case is about. */
  readonly of: string;
  readonly docker: string;
  readonly oci: string;
}

export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/manifests/${name}`, import.meta.url));
}

export function configConversions(): ConfigConversions {
  const file = new URL('../../fixtures/conversions/configs.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as ConfigConversions;
}
