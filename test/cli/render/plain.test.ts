import { describe, expect, test } from 'vitest';
import { createPlainRenderer } from '../../../src/cli/render/plain.ts';
import { CONFIG, EVERY_EVENT, LAYER } from './events.ts';

describe('createPlainRenderer', () => {
  test("prints podman's lines", () => {
    const written: string[] = [];
    const renderer = createPlainRenderer(
      (text) => written.push(text),
      () => new Date('2026-11-20T15:08:40.123Z'),
    );
    for (const event of EVERY_EVENT) renderer.event(event);
    renderer.close();
    expect(written.join('')).toBe(
      `Getting image list signatures
Copying 2 images generated from 3 images in list
Copying image ${CONFIG} (1/2)
Getting image source signatures
time="2026-11-20T15:08:40Z" level=warning msg="a \\"warning\\"\\x1b[2J\\nof two lines"
Copying blob ${LAYER}
time="2026-11-20T15:08:40Z" level=warning msg="Failed, retrying in 1s ... (1/3). Error: connection reset\\r"
Copying blob ${LAYER}
Copying config ${CONFIG}
Writing manifest to image destination
Writing manifest list to image destination
Creating signature: Signing image using simple signing
Creating signature 2: Signing image using a sigstore signature
Skipping: image already present at destination
`,
    );
  });
});
