/** Runs a push between places in memory and tells what happened. */
import { ACCEPT_ANYTHING, type Policy } from '../../src/config/policy.ts';
import type { Platform } from '../../src/image/descriptor.ts';
import { NO_CACHE, type BlobCache } from '../../src/push/blob-cache.ts';
import type { PushOptions, PushResult } from '../../src/push/options.ts';
import type { ProgressEvent } from '../../src/push/progress.ts';
import { push } from '../../src/push/push.ts';
import type { DestinationReference, SourceReference } from '../../src/transports/transport.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { makeContext } from '../support/transport-context.ts';
import type { Journal } from './memory-image.ts';

export const AMD64: Platform = { os: 'linux', architecture: 'amd64' };

export interface PushSettings {
  readonly options?: Partial<PushOptions>;
  readonly cache?: BlobCache;
  /** Accepts anything unless told. */
  readonly policy?: Policy;
  readonly signal?: AbortSignal;
  /** Where the kinds of events are written down, but for `blob-bytes`. */
  readonly journal?: Journal;
}

export interface Pushed {
  readonly outcomes: readonly PromiseSettledResult<PushResult>[];
  readonly events: readonly ProgressEvent[];
  readonly sleeps: readonly number[];
}

/** Pushes to all destinations, without repetition and with the signatures unless told. */
export async function pushAll(
  source: SourceReference,
  destinations: readonly DestinationReference[],
  settings: PushSettings = {},
): Promise<Pushed> {
  const { journal = [], cache = NO_CACHE, signal = new AbortController().signal } = settings;
  const clock = fakeClock();
  const events: ProgressEvent[] = [];
  const { registry } = makeContext();
  const outcomes = await push({
    source,
    destinations,
    options: { platform: AMD64, removeSignatures: false, retry: 0, jobs: 6, ...settings.options },
    context: makeContext({ signal, registry: { ...registry, clock } }),
    progress: {
      event: (event) => {
        events.push(event);
        if (event.kind !== 'blob-bytes') journal.push(event.kind);
      },
    },
    cache,
    policy: settings.policy ?? ACCEPT_ANYTHING,
  });
  return { outcomes, events, sleeps: clock.sleeps };
}

/** Pushes to one destination. @throws what the push fails with */
export async function pushOne(
  source: SourceReference,
  destination: DestinationReference,
  settings: PushSettings = {},
): Promise<Pushed & { readonly result: PushResult }> {
  const pushed = await pushAll(source, [destination], settings);
  const [outcome] = pushed.outcomes;
  if (outcome?.status !== 'fulfilled') throw outcome?.reason;
  return { ...pushed, result: outcome.value };
}

/** A cache that lives as long as the test. */
export function memoryCache(): BlobCache & { readonly size: () => number } {
  const known = new Map<string, { digest: PushResult['digest']; size: number }>();
  return {
    size: () => known.size,
    recoded: (source, codec) => known.get(`${source} ${codec}`),
    remember: async (source, codec, result) => {
      known.set(`${source} ${codec}`, result);
    },
  };
}
