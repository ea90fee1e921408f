/** Decides in which formats an image may be written, and in which order they are tried. */
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1_SIGNED,
  isListType,
  isManifestType,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../image/media-types.ts';
import { OcipushError } from '../errors.ts';
import { frozenError, type Frozen } from './frozen.ts';
import type { ImageFormat } from './options.ts';

const MANIFEST_TYPE: Readonly<Record<ImageFormat, string>> = {
  oci: OCI_MANIFEST,
  v2s2: DOCKER_MANIFEST,
  v2s1: DOCKER_V1_SIGNED,
};

/** What only OCI can express. */
export interface OciNeed {
  /** As the beginning of a sentence: `compression using zstd`. */
  readonly what: string;
  /** What that is called further on in the sentence. */
  readonly briefly: string;
}

export const ANNOTATIONS: OciNeed = { what: 'setting annotations', briefly: 'it' };
export const ENCRYPTION: OciNeed = { what: 'encryption', briefly: 'encryption' };

/** What is wished of the format of an image or list. */
export interface FormatWish {
  /** Typed; without it the first format that the destination accepts is taken. */
  readonly format?: ImageFormat | undefined;
  readonly needsOci?: OciNeed | undefined;
  readonly frozen?: Frozen | undefined;
  /** Whether an image goes as it is, as far as it can: only then what is in schema 1 stays so. */
  readonly keeps?: boolean;
}

/**
 * The media types in which an image of the type `source` may be written, best first: its own, then
 * Docker's, then others. Later ones are for registries that refuse those before. Hardly one of them
 * reads schema 1 any more: it is written where it is asked for, or where all stays as it is.
 * @throws OcipushError UNSUPPORTED when there is none
 */
export function manifestTypesFor(
  source: string,
  supported: readonly string[],
  wish: FormatWish,
): readonly string[] {
  const wished = wish.format && MANIFEST_TYPE[wish.format];
  const taken = supported.filter((type) => !isListType(type));
  const allowed =
    wished === undefined
      ? taken.filter(
          (type) => isManifestType(type) || (type === source && (wish.keeps || wish.frozen)),
        )
      : [wished];
  const order = [wished ?? source, DOCKER_MANIFEST, OCI_MANIFEST];
  return choose(source, allowed, { ...wish, taken, wished }, order);
}

/**
 * The media types in which a list of the type `source` may be written, best first; empty when the
 * destination takes no lists.
 * @throws OcipushError UNSUPPORTED when it takes lists, but none as wished
 */
export function listTypesFor(
  source: string,
  supported: readonly string[],
  wish: FormatWish,
): readonly string[] {
  const taken = supported.filter(isListType);
  if (taken.length === 0) return [];
  const wished = wish.format && (wish.format === 'oci' ? OCI_INDEX : DOCKER_LIST);
  const allowed = wished === undefined ? taken : [wished];
  return choose(source, allowed, { ...wish, taken, wished }, [source, OCI_INDEX, DOCKER_LIST]);
}

interface Choice extends FormatWish {
  readonly taken: readonly string[];
  readonly wished: string | undefined;
}

function choose(
  source: string,
  allowed: readonly string[],
  { taken, wished, needsOci, frozen }: Choice,
  order: readonly string[],
): readonly string[] {
  const possible = allowed.filter((type) => taken.includes(type));
  if (possible.length === 0) throw notTaken(wished ?? source, taken);
  if (frozen) {
    if (possible.includes(source)) return [source];
    throw frozenError(frozen, `converting the manifest to ${possible[0]}`);
  }
  const able = possible.filter((type) => needsOci === undefined || isOci(type));
  if (able.length === 0 && needsOci !== undefined) throw onlyOci(needsOci, wished, taken);
  return [...new Set(order)].filter((type) => able.includes(type));
}

function isOci(type: string): boolean {
  return type === OCI_MANIFEST || type === OCI_INDEX;
}

function notTaken(type: string, taken: readonly string[]): OcipushError {
  return new OcipushError(
    'UNSUPPORTED',
    `the destination does not take ${type}, only MIME types [${taken.join(', ')}]`,
    { origin: 'usage', hint: 'choose another --format, or leave it out' },
  );
}

/** The reference's two texts for this. */
function onlyOci(
  { what, briefly }: OciNeed,
  format: string | undefined,
  taken: readonly string[],
): OcipushError {
  const message =
    format === undefined
      ? `${what} required but the destination only supports MIME types [${taken.join(', ')}], none of which support ${briefly}`
      : `${what} required together with format ${format}, which does not support ${briefly}`;
  return new OcipushError('UNSUPPORTED', message, {
    origin: 'usage',
    hint: 'only the OCI format can express this: --format oci, at a destination that takes it',
  });
}
