import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { BlobReport, PushedImage, PushPlan } from '../../src/push/options.ts';
import type { PushOutcome } from '../../src/push/push.ts';
import { reportOf, retryReport } from '../../src/push/report.ts';

const LAYER = { mediaType: 'layer/type', digest: digestOf(Buffer.from('layer')), size: 4096 };
const SMALL = { digest: digestOf(Buffer.from('small')), size: 1024 };
const CONFIG = { mediaType: 'config/type', digest: digestOf(Buffer.from('config')), size: 300 };
const IMAGE = digestOf(Buffer.from('image'));

const compressed: BlobReport = {
  role: 'layer',
  descriptor: LAYER,
  action: 'gzip',
  reason: 'it is not compressed yet',
  how: 'uploaded',
  stored: SMALL,
};
const config: BlobReport = {
  role: 'config',
  descriptor: CONFIG,
  action: 'copy',
  reason: 'it is no layer',
  how: 'mounted',
  stored: CONFIG,
  transfer: { bytes: 0, milliseconds: 12, mountedFrom: { registry: 'r.test', path: 'base' } },
};
const referred: BlobReport = {
  role: 'layer',
  descriptor: LAYER,
  action: 'refer',
  reason: 'its bytes stay where its URLs say',
  how: 'referred',
};

const pushed: PushedImage = {
  status: 'pushed',
  digest: IMAGE,
  size: 500,
  mediaType: 'image/type',
  reference: 'docker://r.test/a:1',
  repository: { registry: 'r.test', path: 'a' },
  // Half of it went twice.
  blobs: [
    { ...compressed, isEncrypted: true, transfer: { bytes: 1536, milliseconds: 40 } },
    config,
  ],
  signatures: [{ digest: IMAGE, size: 90 }],
};
const { stored: _stored, ...unknown } = compressed;
const planned: PushPlan = {
  ...pushed,
  status: 'planned',
  digest: undefined,
  size: undefined,
  blobs: [compressed, unknown, referred],
  signatures: [],
  requests: 7,
};

const NOTES = { warnings: [], retries: [] };

function reached(value: PushedImage | PushPlan): PushOutcome {
  return { status: 'fulfilled', value, reference: value.reference };
}

function failed(reason: unknown): PushOutcome {
  return { status: 'rejected', reason, reference: 'dir:b' };
}

describe('reportOf', () => {
  test('tells of each blob what it was, what it is and how it got there', () => {
    const retry = {
      what: 'push' as const,
      blob: null,
      attempt: 1,
      of: 3,
      delayMilliseconds: 2000,
      error: { code: null, message: 'reset', origin: null, hint: null },
    };
    const notes = { warnings: ['careful'], retries: [retry] };
    expect(reportOf([reached(pushed)], notes)).toEqual({
      destinations: [
        {
          reference: pushed.reference,
          status: 'pushed',
          digest: IMAGE,
          mediaType: 'image/type',
          size: 500,
          bytes: 1536,
          signatures: [{ digest: IMAGE, size: 90 }],
          blobs: [
            {
              role: 'layer',
              source: { digest: LAYER.digest, size: 4096, mediaType: 'layer/type' },
              action: 'gzip',
              encrypted: true,
              reason: compressed.reason,
              result: 'uploaded',
              ...SMALL,
              bytes: 1536,
              milliseconds: 40,
              registry: 'r.test',
              mountedFrom: null,
            },
            {
              role: 'config',
              source: { digest: CONFIG.digest, size: 300, mediaType: 'config/type' },
              action: 'copy',
              encrypted: false,
              reason: config.reason,
              result: 'mounted',
              digest: CONFIG.digest,
              size: 300,
              bytes: 0,
              milliseconds: 12,
              registry: 'r.test',
              mountedFrom: 'r.test/base',
            },
          ],
        },
      ],
      warnings: ['careful'],
      retries: [retry],
    });
  });

  test('has null for what is not known, and the most that may have to be sent', () => {
    expect(reportOf([reached(planned)], NOTES).destinations).toMatchObject([
      {
        status: 'planned',
        digest: null,
        size: null,
        requests: 7,
        bytes: 1024 + 4096,
        blobs: [
          { bytes: 1024, milliseconds: null },
          { digest: null, size: null, bytes: 4096 },
          { result: 'referred', digest: null, bytes: 0, registry: null },
        ],
      },
    ]);
  });

  test('names no registry where there is none', () => {
    const copied = { ...pushed, reference: 'dir:b', repository: undefined };
    expect(reportOf([reached(copied)], NOTES).destinations).toMatchObject([
      { blobs: [{ registry: null }, { registry: null }] },
    ]);
  });

  test.each<[reason: unknown, error: object]>([
    [
      new OcipushError('REGISTRY_DENIED', 'no', { origin: 'destination', hint: 'log in' }),
      { code: 'REGISTRY_DENIED', message: 'no', origin: 'destination', hint: 'log in' },
    ],
    [
      new OcipushError('BLOB_UNKNOWN', 'none'),
      { code: 'BLOB_UNKNOWN', message: 'none', origin: null, hint: null },
    ],
    [new TypeError('a defect'), { code: null, message: 'a defect', origin: null, hint: null }],
    ['text', { code: null, message: 'text', origin: null, hint: null }],
  ])('says why a destination was not reached: %j', (reason, error) => {
    const { destinations } = reportOf([failed(reason), reached(pushed)], NOTES);
    expect(destinations[0]).toEqual({ reference: 'dir:b', status: 'failed', error });
    expect(destinations[1]).toMatchObject({ status: 'pushed' });
  });
});

test('retryReport keeps what a program can use', () => {
  const error = new OcipushError('REGISTRY_STATUS', 'busy', { retryable: true });
  const which = { what: 'blob', blob: LAYER.digest } as const;
  const event = {
    kind: 'retry',
    ...which,
    attempt: 2,
    of: 3,
    delayMilliseconds: 4000,
    error,
  } as const;
  expect(retryReport(event)).toEqual({
    ...which,
    attempt: 2,
    of: 3,
    delayMilliseconds: 4000,
    error: { code: 'REGISTRY_STATUS', message: 'busy', origin: null, hint: null },
  });
});
