import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import type { BlobReport, PushedImage, PushPlan } from '../../src/push/options.ts';
import { reportOf, retryReport } from '../../src/push/report.ts';
import * as results from './results.ts';
import {
  compressed,
  CONFIG,
  failed,
  IMAGE,
  LAYER,
  reached,
  referred,
  SMALL,
  unknown,
} from './results.ts';

const NOTES = { warnings: [], retries: [] };

const config: BlobReport = {
  ...results.config,
  how: 'mounted',
  transfer: { bytes: 0, milliseconds: 12, mountedFrom: { registry: 'r.test', path: 'base' } },
};
const pushed: PushedImage = {
  ...results.pushed,
  repository: { registry: 'r.test', path: 'a' },
  // Half of it went twice.
  blobs: [
    { ...compressed, isEncrypted: true, transfer: { bytes: 1536, milliseconds: 40 } },
    config,
  ],
  signatures: [{ digest: IMAGE, format: 'sigstore', size: 90 }],
};
const planned: PushPlan = {
  ...results.planned,
  repository: pushed.repository,
  blobs: [compressed, unknown, referred],
};

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
          signatures: [{ digest: IMAGE, format: 'sigstore', size: 90 }],
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
