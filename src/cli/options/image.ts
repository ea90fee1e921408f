/** Flags about what image is pushed, and what its manifest says. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import type { Platform } from '../../image/descriptor.ts';
import { parseDigest, type Digest } from '../../image/digest.ts';
import { isTag } from '../../image/docker-reference.ts';
import { COMPRESSION_FORMATS, type CompressionFormat } from '../../image/media-types.ts';
import { hostPlatform, parsePlatform } from '../../image/platform.ts';
import type { ImageFormat, PushOptions, ReferrersWish } from '../../push/options.ts';
import { goQuote } from '../escape.ts';
import { addBooleanFlag, addListFlag, addValueFlag } from '../flags.ts';
import { parseCompressionFormat } from './compression.ts';

const REFERRERS_WISHES: readonly ReferrersWish[] = ['none', 'signatures', 'all'];

/** The flags as typed. */
export interface ImageFlags {
  readonly addCompression: readonly CompressionFormat[];
  readonly annotation: readonly (readonly [name: string, value: string])[];
  readonly expectDigest?: Digest;
  readonly format?: ImageFormat;
  readonly platform: readonly Platform[];
  readonly preserveDigests?: boolean;
  readonly referrers?: ReferrersWish;
  readonly removeSignatures?: boolean;
  readonly tag: readonly string[];
}

/** `docker` is podman's other name of `v2s2`. */
const FORMATS: Readonly<Record<string, ImageFormat>> = {
  oci: 'oci',
  v2s1: 'v2s1',
  v2s2: 'v2s2',
  docker: 'v2s2',
};

export function addImageFlags(command: Command): void {
  addListFlag(
    command,
    '--add-compression <format>',
    'Push each platform of a list in this format, too; may be repeated',
    (text) => text.split(',').map(parseCompressionFormat),
    COMPRESSION_FORMATS,
  );
  addListFlag(
    command,
    '--annotation <name=value>',
    'Set an annotation on the manifest or list; may be repeated',
    (text) => [parseAnnotation(text)],
  );
  addValueFlag(
    command,
    '--expect-digest <digest>',
    'Push only when the manifest has this digest in the end',
    { convert: parseDigest },
  );
  addValueFlag(
    command,
    '-f, --format <format>',
    'Write the manifest as oci, v2s2 or v2s1 instead of as it is at the source',
    { convert: parseFormat, values: Object.keys(FORMATS) },
  );
  addListFlag(
    command,
    '--platform <os/arch[/variant]>',
    'Push only what a list has for this platform; may be repeated',
    (text) => text.split(',').map(parsePlatform),
  );
  addBooleanFlag(
    command,
    '--preserve-digests',
    'Fail rather than push anything with another digest than at the source',
  );
  addValueFlag(
    command,
    '--referrers <which>',
    'Push what refers to the image as well: none, signatures or all',
    { convert: parseReferrersWish, shownDefault: 'none', values: REFERRERS_WISHES },
  );
  addBooleanFlag(
    command,
    '--remove-signatures',
    'Push without the signatures that come with the image',
  );
  addListFlag(
    command,
    '--tag <tag>',
    'Tag the image so as well at the destination; may be repeated',
    (text) => [parseTag(text)],
  );
}

export type ImageOptions = Pick<
  PushOptions,
  | 'addCompression'
  | 'annotations'
  | 'expectDigest'
  | 'format'
  | 'platform'
  | 'platforms'
  | 'preserveDigests'
  | 'referrers'
  | 'removeSignatures'
  | 'tags'
>;

export function parseImageOptions(flags: ImageFlags): ImageOptions {
  return {
    addCompression: [...new Set(flags.addCompression)],
    annotations: Object.fromEntries(flags.annotation),
    expectDigest: flags.expectDigest,
    format: flags.format,
    platform: hostPlatform(process.platform, process.arch),
    platforms: flags.platform,
    preserveDigests: flags.preserveDigests ?? false,
    referrers: flags.referrers ?? 'none',
    removeSignatures: flags.removeSignatures ?? false,
    tags: [...new Set(flags.tag)],
  };
}

/** @throws OcipushError USAGE, in podman's words but for its spelling */
function parseFormat(text: string): ImageFormat {
  const format = Object.hasOwn(FORMATS, text) ? FORMATS[text] : undefined;
  if (format !== undefined) return format;
  throw new OcipushError(
    'USAGE',
    `unknown format ${goQuote(text)}. Choose one of the supported formats: 'oci', 'v2s1', or 'v2s2'`,
    { origin: 'usage' },
  );
}

/** @throws OcipushError USAGE */
function parseReferrersWish(text: string): ReferrersWish {
  const wish = REFERRERS_WISHES.find((each) => each === text);
  if (wish !== undefined) return wish;
  throw new OcipushError('USAGE', `${goQuote(text)} is none of ${REFERRERS_WISHES.join(', ')}`, {
    origin: 'usage',
  });
}

function parseAnnotation(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new OcipushError('USAGE', 'an annotation is NAME=VALUE', { origin: 'usage' });
}

function parseTag(text: string): string {
  if (isTag(text)) return text;
  throw new OcipushError(
    'USAGE',
    'a tag is at most 128 letters, digits, and . _ - that do not come first',
    { origin: 'usage' },
  );
}
