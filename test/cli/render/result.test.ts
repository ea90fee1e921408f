import { describe, expect, test } from 'vitest';
import { jsonResult, lineResult, planText } from '../../../src/cli/render/result.ts';
import { digestOf } from '../../../src/image/digest.ts';
import type { BlobReport, PushedImage, PushPlan } from '../../../src/push/options.ts';
import type { PushOutcome } from '../../../src/push/push.ts';

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
const { stored: _stored, ...unknown } = compressed;
const config: BlobReport = {
  role: 'config',
  descriptor: CONFIG,
  action: 'copy',
  reason: 'it is no layer',
  how: 'exists',
  stored: CONFIG,
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
  blobs: [compressed, config],
  signatures: [],
};
const planned: PushPlan = {
  ...pushed,
  status: 'planned',
  digest: undefined,
  size: undefined,
  blobs: [unknown, config, referred],
  requests: 7,
};

function reached(value: PushedImage | PushPlan): PushOutcome {
  return { status: 'fulfilled', value, reference: value.reference };
}

function failed(reason: unknown): PushOutcome {
  return { status: 'rejected', reason, reference: 'dir:b' };
}

describe('jsonResult', () => {
  test('is one object over several lines', () => {
    const text = jsonResult([reached(pushed)], { warnings: ['careful'], retries: [] });
    expect(text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ warnings: ['careful'], retries: [] });
    expect(text).toContain(`\n      "reference": "docker://r.test/a:1",\n`);
  });
});

describe('lineResult', () => {
  const outcomes = [reached(pushed), failed(new Error('no')), reached(planned)];

  test.each([
    ['digest', `${IMAGE}\n`],
    ['reference', `${pushed.reference}\n${planned.reference}\n`],
  ] as const)('%s', (format, text) => {
    expect(lineResult(format, outcomes)).toBe(text);
  });

  test('is one line, whatever a destination is called', () => {
    const reference = 'dir:a\nb\u001b[2J';
    expect(lineResult('reference', [reached({ ...pushed, reference })])).not.toMatch(
      // oxlint-disable-next-line no-control-regex -- it is what must not be there
      /\u001b|\n./,
    );
  });
});

describe('planText', () => {
  test('of what is not known yet', () => {
    expect(planText(planned)).toBe(
      `Would push to docker://r.test/a:1
  manifest (its digest depends on what layers are compressed to) image/type
  layer    ${LAYER.digest} 4.0KiB: gzip (it is not compressed yet), send at most 4.0KiB
  config   ${CONFIG.digest} 300.0b: copy, is there
  layer    ${LAYER.digest} 4.0KiB: refer (its bytes stay where its URLs say), stays
  1 of 3 blobs to send, at most 4.0KiB, about 7 requests
`,
    );
  });

  test('of what is encrypted', () => {
    const blobs = [{ ...unknown, isEncrypted: true }];
    expect(planText({ ...planned, blobs })).toBe(
      `Would push to docker://r.test/a:1
  manifest (its digest depends on keys that every push makes anew) image/type
  layer    ${LAYER.digest} 4.0KiB: gzip and encrypt (it is not compressed yet), send at most 4.0KiB
  1 of 1 blobs to send, at most 4.0KiB, about 7 requests
`,
    );
  });

  test('of what is known', () => {
    const mounted = { ...config, how: 'mounted' } as const;
    const plan = { ...pushed, status: 'planned', blobs: [compressed, mounted] } as const;
    expect(planText(plan)).toBe(
      `Would push to docker://r.test/a:1
  manifest ${IMAGE} image/type
  layer    ${LAYER.digest} 4.0KiB: gzip (it is not compressed yet), send 1.0KiB
  config   ${CONFIG.digest} 300.0b: copy, link from another repository
  1 of 2 blobs to send, 1.0KiB
`,
    );
  });

  test('of what is there', () => {
    expect(planText({ ...pushed, status: 'unchanged', blobs: [] })).toBe(
      `Already at docker://r.test/a:1
  manifest ${IMAGE} image/type
  0 of 0 blobs to send, 0.0b
`,
    );
  });

  test('keeps what a source says from a terminal', () => {
    const text = planText({ ...planned, mediaType: 'a\u001b[2J\r\nb' });
    expect(text.split('\n')).toHaveLength(planText(planned).split('\n').length);
    expect(text).not.toContain('\u001b');
  });
});
