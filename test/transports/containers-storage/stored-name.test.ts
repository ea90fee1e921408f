import { describe, expect, test } from 'vitest';
import { formatReference } from '../../../src/image/docker-reference.ts';
import {
  lookUpStored,
  parseStoredName,
} from '../../../src/transports/containers-storage/stored-name.ts';
import { DIGEST, image, imageID, viewOf } from './lookup.ts';

const FULL = imageID('abc');

describe('parseStoredName', () => {
  test.each([
    ['ok', 'docker.io/library/ok:latest', undefined], // never localhost
    ['localhost/ok:1', 'localhost/ok:1', undefined],
    [`ok@${DIGEST}`, `docker.io/library/ok@${DIGEST}`, undefined],
    [FULL, undefined, FULL],
    [`@${FULL}`, undefined, FULL],
    ['@abc', undefined, 'abc'],
    ['ok@abc', 'docker.io/library/ok:latest', 'abc'],
    [`ok:1@${DIGEST}@${FULL}`, `docker.io/library/ok:1@${DIGEST}`, FULL],
  ])('%s', (text, name, id) => {
    const parsed = parseStoredName(text);
    expect(parsed.named && formatReference(parsed.named)).toBe(name);
    expect(parsed.id).toBe(id);
  });

  test.each(['', '@', 'ok@', '@ab', 'ok@a/b', 'OK', 'ok@abc@abc', 'a b'])('refuses %j', (text) => {
    expect(() => parseStoredName(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID' }),
    );
  });
});

describe('lookUpStored', () => {
  const view = viewOf([
    image('abc', ['docker.io/library/ok:latest'], [DIGEST]),
    image('abd', ['localhost/ok:1']),
    image('def', ['localhost/abc:latest']),
  ]);

  test.each([
    ['ok', 'abc'],
    [`ok@${DIGEST}`, 'abc'],
    [FULL, 'abc'],
    ['@abd', 'abd'],
    ['localhost/ok:7@abd', 'abd'], // any name of the repository
  ])('%s', (text, id) => {
    const found = lookUpStored(view, parseStoredName(text));
    expect(found.image.record.id).toBe(imageID(id));
  });

  test.each(['ok:1', 'localhost/ok', '@abe', 'localhost/ok@abc', `localhost/ok@${DIGEST}`])(
    '%s is not known',
    (text) => {
      expect(() => lookUpStored(view, parseStoredName(text))).toThrow(
        expect.objectContaining({ code: 'SOURCE_NOT_FOUND' }),
      );
    },
  );
});
