/** Results of a push as they come: an image that arrived, one that would, and a failure. */
import { digestOf } from '../../src/image/digest.ts';
import type { BlobReport, PushedImage, PushPlan } from '../../src/push/options.ts';
import type { PushOutcome } from '../../src/push/push.ts';

export const LAYER = {
  mediaType: 'layer/type',
  digest: digestOf(Buffer.from('layer')),
  size: 4096,
};
export const SMALL = { digest: digestOf(Buffer.from('small')), size: 1024 };
export const CONFIG = {
  mediaType: 'config/type',
  digest: digestOf(Buffer.from('config')),
  size: 300,
};
export const IMAGE = digestOf(Buffer.from('image'));

export const compressed: BlobReport = {
  role: 'layer',
  descriptor: LAYER,
  action: 'gzip',
  reason: 'it is not compressed yet',
  how: 'uploaded',
  stored: SMALL,
};
const { stored: _stored, ...unknown } = compressed;
export { unknown };
export const config: BlobReport = {
  role: 'config',
  descriptor: CONFIG,
  action: 'copy',
  reason: 'it is no layer',
  how: 'exists',
  stored: CONFIG,
};
export const referred: BlobReport = {
  role: 'layer',
  descriptor: LAYER,
  action: 'refer',
  reason: 'its bytes stay where its URLs say',
  how: 'referred',
};

export const pushed: PushedImage = {
  status: 'pushed',
  digest: IMAGE,
  size: 500,
  mediaType: 'image/type',
  reference: 'docker://r.test/a:1',
  blobs: [compressed, config],
  signatures: [],
};
export const planned: PushPlan = {
  ...pushed,
  status: 'planned',
  digest: undefined,
  size: undefined,
  blobs: [unknown, config, referred],
  requests: 7,
};

export function reached(value: PushedImage | PushPlan): PushOutcome {
  return { status: 'fulfilled', value, reference: value.reference };
}

export function failed(reason: unknown): PushOutcome {
  return { status: 'rejected', reason, reference: 'dir:b' };
}
