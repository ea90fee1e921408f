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

/** What skopeo makes of Docker configs as v2s1, and of v2s1 manifests; others it refuses. */
export interface Schema1Conversions {
  /** The bytes of all layers that are not empty: digest and DiffID are those of the text. */
  readonly layers: readonly string[];
  readonly roundTrips: readonly (Schema1Source & Schema1Result & { readonly schema1: string })[];
  readonly fromSchema1: readonly (Schema1Result & { readonly schema1: string })[];
  readonly refused: {
    readonly toSchema1: readonly Schema1Source[];
    readonly fromSchema1: readonly { readonly of: string; readonly schema1: string }[];
  };
}

interface Schema1Source {
  readonly of: string;
  /** A config. */
  readonly docker: string;
  readonly layers: readonly string[];
}

interface Schema1Result {
  readonly of: string;
  /** The config as Docker v2s2, and as OCI. */
  readonly back: string;
  readonly oci: string;
}

export function schema1Conversions(): Schema1Conversions {
  const file = new URL('../../fixtures/conversions/schema1.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Schema1Conversions;
}
