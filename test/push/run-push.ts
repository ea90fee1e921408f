/** Runs a push between places in memory and tells what happened. */
import type { ProducedBlob } from '../../src/image/blob.ts';
import { ACCEPT_ANYTHING, type Policy } from '../../src/config/policy.ts';
import { NO_CACHE, type BlobCache } from '../../src/push/blob-cache.ts';
import type { PushedImage, PushOptions, PushResult } from '../../src/push/options.ts';
import type { ProgressEvent } from '../../src/push/progress.ts';
import { push } from '../../src/push/push.ts';
import type { DestinationReference, SourceReference } from '../../src/transports/transport.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { NO_WISHES } from '../support/push-options.ts';
import { makeContext } from '../support/transport-context.ts';
import type { Journal } from './memory-image.ts';

export interface PushSettings {
  readonly options?: Partial<PushOptions>;
  readonly cache?: BlobCache;
  /** Accepts anything unless told. */
  readonly policy?: Policy;
  readonly signal?: AbortSignal;
  /** Where the kinds of events are written down, but for those that count bytes. */
  readonly journal?: Journal;
}

export interface Pushed {
  readonly outcomes: readonly PromiseSettledResult<PushResult>[];
  readonly events: readonly ProgressEvent[];
  readonly sleeps: readonly number[];
}

const COUNTED = new Set(['blob-bytes', 'blob-sent']);

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
    options: { ...NO_WISHES, ...settings.options },
    context: makeContext({ signal, registry: { ...registry, clock } }),
    progress: {
      event: (event) => {
        events.push(event);
        if (!COUNTED.has(event.kind)) journal.push(event.kind);
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
): Promise<Pushed & { readonly result: PushedImage }> {
  const pushed = await pushAll(source, [destination], settings);
  const [outcome] = pushed.outcomes;
  if (outcome?.status !== 'fulfilled') throw outcome?.reason;
  if (outcome.value.status === 'planned') throw new Error('nothing was pushed');
  return { ...pushed, result: outcome.value };
}

/** A cache that lives as long as the test. */
export function memoryCache(): BlobCache & { readonly size: () => number } {
  const known = new Map<string, Map<string, ProducedBlob>>();
  const places = new Map<string, readonly string[]>();
  return {
    size: () => [...known.values()].reduce((sum, { size }) => sum + size, 0),
    recoded: (source, codec) => known.get(source)?.get(codec),
    recodings: (source) => known.get(source) ?? new Map(),
    remember: async (source, codec, result) => {
      known.set(source, (known.get(source) ?? new Map()).set(codec, result));
    },
    repositories: (registry, digest) => places.get(`${registry} ${digest}`) ?? [],
    rememberRepository: async ({ registry, path }, digest) => {
      places.set(`${registry} ${digest}`, [path]);
    },
  };
}
