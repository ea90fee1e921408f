/** Flags about how a push is carried out. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import type { PushOptions } from '../../push/options.ts';
import { goQuote } from '../escape.ts';
import { addBooleanFlag, addHiddenTextFlag, addTextFlag, addValueFlag } from '../flags.ts';
import { parseDuration, parseUnsigned } from '../go-values.ts';
import { parseCompressionOptions, type CompressionFlags } from './compression.ts';
import { parseImageOptions, type ImageFlags } from './image.ts';

/** The flags as typed, and the defaults of those that have one. */
export interface PushFlags extends CompressionFlags, ImageFlags {
  readonly dryRun?: boolean;
  readonly jobs: number;
  readonly retry: number;
  readonly retryDelay?: string;
  readonly signaturePolicy?: string;
}

export function addPushFlags(command: Command): void {
  addBooleanFlag(command, '--disable-content-trust', 'Has no effect; accepted as Docker does');
  addValueFlag(command, '--jobs <number>', 'Number of blobs to push at the same time', {
    convert: parseJobs,
    default: 6,
  });
  addValueFlag(
    command,
    '--retry <times>',
    'Number of times to repeat the push after a failure that may pass',
    { convert: parseUnsigned, default: 3 },
  );
  addTextFlag(
    command,
    '--retry-delay <duration>',
    'Time between repetitions, such as 500ms, 10s or 1m30s; without it 2s, doubled each time',
  );
  addHiddenTextFlag(command, '--signature-policy <path>');
}

/** @throws OcipushError USAGE */
export function parsePushOptions(flags: PushFlags): Omit<PushOptions, 'signing'> {
  return {
    ...parseImageOptions(flags),
    compression: parseCompressionOptions(flags),
    retry: flags.retry,
    retryDelay: flags.retryDelay ? parseDelay(flags.retryDelay) : undefined,
    jobs: flags.jobs,
    dryRun: flags.dryRun ?? false,
    expects: 'any',
  };
}

function parseJobs(text: string): number {
  const jobs = parseUnsigned(text);
  if (jobs > 0) return jobs;
  throw new OcipushError('USAGE', 'must be at least 1', { origin: 'usage' });
}

function parseDelay(text: string): number {
  const delay = parseDuration(text);
  if (delay >= 0) return delay;
  throw new OcipushError('USAGE', `invalid --retry-delay ${goQuote(text)}: it is negative`, {
    origin: 'usage',
  });
}
