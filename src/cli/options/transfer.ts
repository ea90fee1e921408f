/** Flags about how bytes go to a registry: how fast, in what pieces, and how patiently. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import { createRateLimit } from '../../io/rate-limit.ts';
import { systemClock } from '../../io/retry-clock.ts';
import { DEFAULT_LIMITS, type RegistryOptions } from '../../registry/options.ts';
import { UploadHosts } from '../../registry/upload-host.ts';
import { USER_AGENT } from '../../registry/user-agent.ts';
import { parseSize } from '../byte-size.ts';
import { goQuote } from '../escape.ts';
import { addTextFlag, addValueFlag } from '../flags.ts';
import { parseDuration } from '../go-values.ts';

/** The flags as typed, in bytes and milliseconds. */
export interface TransferFlags {
  readonly chunkSize?: number;
  readonly connectTimeout?: number;
  readonly limitRate?: number;
  readonly stallTimeout?: number;
  readonly userAgent?: string;
}

export function addTransferFlags(command: Command): void {
  addValueFlag(
    command,
    '--chunk-size <size>',
    'Send at most so many bytes of a blob in one request, such as 5MiB',
    { convert: parseSize },
  );
  addValueFlag(
    command,
    '--connect-timeout <duration>',
    'Time in which a connection to a registry must be there; without it 30s',
    { convert: parseTimeout },
  );
  addValueFlag(
    command,
    '--limit-rate <rate>',
    'Send at most so many bytes a second over all uploads, such as 500k or 2MiB/s',
    { convert: parseRate },
  );
  addValueFlag(
    command,
    '--stall-timeout <duration>',
    'Time in which some byte must move before a request is repeated; without it 60s',
    { convert: parseTimeout },
  );
  addTextFlag(command, '--user-agent <text>', 'What registries are told of who asks');
}

/** @throws OcipushError USAGE */
export function parseTransferOptions(
  flags: TransferFlags,
): Pick<RegistryOptions, 'hosts' | 'limits' | 'userAgent'> {
  const { connectTimeout, stallTimeout } = DEFAULT_LIMITS;
  return {
    hosts: new UploadHosts(flags.chunkSize),
    limits: {
      connectTimeout: flags.connectTimeout ?? connectTimeout,
      stallTimeout: flags.stallTimeout ?? stallTimeout,
      ...(flags.limitRate && { rate: createRateLimit(flags.limitRate, systemClock) }),
    },
    userAgent: headerText(flags.userAgent || USER_AGENT),
  };
}

/** @throws OcipushError USAGE */
function parseRate(text: string): number {
  return parseSize(text.replace(/\/s$/, ''));
}

/** @throws OcipushError USAGE */
function parseTimeout(text: string): number {
  const milliseconds = parseDuration(text);
  // Longer than a timer can run is no limit that anybody lives to see.
  if (milliseconds > 0) return Math.min(milliseconds, 2 ** 31 - 1);
  throw new OcipushError('USAGE', 'must be more than 0', { origin: 'usage' });
}

/** @throws OcipushError USAGE for what cannot stand in a header (RFC 9110, 5.5) */
function headerText(text: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text;
  throw new OcipushError('USAGE', `invalid --user-agent ${goQuote(text)}`, {
    origin: 'usage',
    hint: 'it goes into a header: printable characters of Latin-1 alone',
  });
}
