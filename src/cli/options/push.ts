/** Flags about how a push is carried out. */
import type { Command } from 'commander';
import type { EngineConf } from '../../config/engine-conf.ts';
import { OcipushError } from '../../errors.ts';
import { parseDockerReference } from '../../image/docker-reference.ts';
import {
  DEFAULT_JOBS,
  DEFAULT_RETRY,
  type MountSource,
  type PushOptions,
} from '../../push/options.ts';
import { goQuote } from '../escape.ts';
import {
  addBooleanFlag,
  addHiddenTextFlag,
  addListFlag,
  addTextFlag,
  addValueFlag,
} from '../flags.ts';
import { parseDuration, parseUnsigned } from '../go-values.ts';
import { convertSetting } from '../setting.ts';
import { parseCompressionOptions, type CompressionFlags } from './compression.ts';
import { parseEncryptionOptions, type EncryptionFlags } from './encryption.ts';
import { parseImageOptions, type ImageFlags } from './image.ts';

/** The flags as typed. */
export interface PushFlags extends CompressionFlags, EncryptionFlags, ImageFlags {
  readonly dryRun?: boolean;
  readonly jobs?: number;
  readonly mountFrom: readonly MountSource[];
  readonly noOverwrite?: boolean;
  readonly retry?: number;
  readonly retryDelay?: string;
  readonly signaturePolicy?: string;
  readonly verify?: boolean;
}

export function addPushFlags(command: Command): void {
  addBooleanFlag(command, '--disable-content-trust', 'Has no effect; accepted as Docker does');
  addValueFlag(command, '--jobs <number>', 'Number of blobs to push at the same time', {
    convert: parseJobs,
    shownDefault: String(DEFAULT_JOBS),
  });
  addListFlag(
    command,
    '--mount-from <repository>',
    'Repository of the same registry that may have blobs of the image already; may be repeated',
    (text) => [parseMountSource(text)],
  );
  addBooleanFlag(
    command,
    '--no-overwrite',
    'Fail when a tag stands for another image at the registry already',
  );
  addValueFlag(
    command,
    '--retry <times>',
    'Number of times to repeat the push after a failure that may pass',
    { convert: parseUnsigned, shownDefault: String(DEFAULT_RETRY) },
  );
  addTextFlag(
    command,
    '--retry-delay <duration>',
    'Time between repetitions, such as 500ms, 10s or 1m30s; without it 2s, doubled each time',
  );
  addBooleanFlag(
    command,
    '--verify',
    'Make sure after the push that the registry has everything under the right digests',
  );
  addHiddenTextFlag(command, '--signature-policy <path>');
}

/**
 * What was typed, else what is configured, else what podman does.
 * @throws OcipushError USAGE, CONFIG_INVALID
 */
export function parsePushOptions(
  flags: PushFlags,
  conf: EngineConf = {},
): Omit<PushOptions, 'signing'> {
  return {
    ...parseImageOptions(flags),
    compression: parseCompressionOptions(flags, conf),
    encryption: parseEncryptionOptions(flags),
    retry: flags.retry ?? conf.retry?.value ?? DEFAULT_RETRY,
    retryDelay: flags.retryDelay ? parseDelay(flags.retryDelay) : configuredDelay(conf),
    jobs: flags.jobs ?? (conf.imageParallelCopies?.value || DEFAULT_JOBS),
    mountFrom: flags.mountFrom,
    noOverwrite: flags.noOverwrite ?? false,
    verify: flags.verify ?? false,
    dryRun: flags.dryRun ?? false,
    expects: 'any',
  };
}

function configuredDelay({ retryDelay }: EngineConf): number | undefined {
  return retryDelay?.value ? convertSetting(retryDelay, parseDelay) : undefined;
}

function parseJobs(text: string): number {
  const jobs = parseUnsigned(text);
  if (jobs > 0) return jobs;
  throw new OcipushError('USAGE', 'must be at least 1', { origin: 'usage' });
}

/** `team/base`, or `registry.example.com/team/base`: a first component that looks like a host is one. */
function parseMountSource(text: string): MountSource {
  const [first = ''] = text.split('/', 1);
  const isFull = first !== text && (/[.:]/.test(first) || first === 'localhost');
  const { domain, path, tag, digest } = parseDockerReference(
    isFull ? text : `registry.invalid/${text}`,
  );
  if (tag !== undefined || digest !== undefined) {
    throw new OcipushError('USAGE', 'a repository has neither tag nor digest', { origin: 'usage' });
  }
  return isFull ? { registry: domain, path } : { path };
}

function parseDelay(text: string): number {
  const delay = parseDuration(text);
  if (delay >= 0) return delay;
  throw new OcipushError('USAGE', `invalid retry delay ${goQuote(text)}: it is negative`, {
    origin: 'usage',
  });
}
