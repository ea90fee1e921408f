/** Flags about the push itself. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import { hostPlatform } from '../../image/platform.ts';
import type { PushOptions } from '../../push/options.ts';
import { goQuote } from '../escape.ts';
import { addBooleanFlag, addHiddenTextFlag, addTextFlag, addValueFlag } from '../flags.ts';
import { parseDuration, parseInteger, parseUnsigned } from '../go-values.ts';

/** The flags as typed, and the defaults of those that have one. */
export interface PushFlags {
  readonly compressionLevel?: number;
  readonly jobs: number;
  readonly removeSignatures?: boolean;
  readonly retry: number;
  readonly retryDelay?: string;
  readonly signaturePolicy?: string;
}

export function addPushFlags(command: Command): void {
  addValueFlag(
    command,
    '--compression-level <level>',
    'How hard to compress layers that are not compressed yet: 1 is fast, 9 is small',
    { convert: parseInteger },
  );
  addBooleanFlag(command, '--disable-content-trust', 'Has no effect; accepted as Docker does');
  addValueFlag(command, '--jobs <number>', 'Number of blobs to push at the same time', {
    convert: parseJobs,
    default: 6,
  });
  addBooleanFlag(
    command,
    '--remove-signatures',
    'Push without the signatures that come with the image',
  );
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
export function parsePushOptions(flags: PushFlags): PushOptions {
  return {
    compressionLevel: flags.compressionLevel,
    platform: hostPlatform(process.platform, process.arch),
    removeSignatures: flags.removeSignatures ?? false,
    retry: flags.retry,
    retryDelay: flags.retryDelay ? parseDelay(flags.retryDelay) : undefined,
    jobs: flags.jobs,
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
