import { describe, expect, test } from 'vitest';
import { jsonResult, lineResult, planText } from '../../../src/cli/render/result.ts';
import {
  compressed,
  CONFIG,
  config,
  failed,
  IMAGE,
  LAYER,
  planned,
  pushed,
  reached,
  unknown,
} from '../../push/results.ts';

describe('jsonResult', () => {
  test('is one object over several lines', () => {
    const text = jsonResult([reached(pushed)], { warnings: ['careful'], retries: [] });
    expect(text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ warnings: ['careful'], retries: [] });
    expect(text).toContain(`\n      "reference": "docker://r.test/a:1",\n`);
  });

  test('holds nothing that a terminal acts on', () => {
    const warnings = ['\u009B31m\u202E\u2028'];
    const text = jsonResult([], { warnings, retries: [] });
    expect(text).not.toMatch(/[\p{Cf}\p{Zl}\u0080-\u009F]/u);
    expect(JSON.parse(text)).toMatchObject({ warnings });
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
