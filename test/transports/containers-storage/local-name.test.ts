import { describe, expect, test } from 'vitest';
import { formatReference } from '../../../src/image/docker-reference.ts';
import {
  lookUpLocally,
  parseLocalName,
} from '../../../src/transports/containers-storage/local-name.ts';
import { DIGEST, image, imageID, viewOf } from './lookup.ts';

const CONF = {
  unqualifiedSearchRegistries: ['registry.example.com', 'quay.io/team'],
  aliases: new Map([['tool', 'alias.example.com/tools/tool']]),
  credentialHelpers: undefined,
};

/** `ID:NAME` of what is found, the ID without its zeros. */
function find(view: ReturnType<typeof viewOf>, text: string): string {
  const found = lookUpLocally(view, parseLocalName(text), CONF);
  const name = found.name === undefined ? 'by ID' : formatReference(found.name);
  return `${found.image.record.id.replace(/0+$/, '')} ${name}`;
}

describe('a full name', () => {
  const view = viewOf([
    image('a', ['localhost/app:latest', 'localhost/app:1']),
    image('b', ['quay.io/team/app:1', 'localhost:5000/x:latest'], [DIGEST]),
    image('c', [`docker.io/library/pinned@${DIGEST}`, 'no reference at all']),
  ]);

  test.each([
    ['localhost/app', 'a localhost/app:latest'],
    ['localhost/app:1', 'a localhost/app:1'],
    ['localhost:5000/x', 'b localhost:5000/x:latest'],
    [`quay.io/team/app@${DIGEST}`, `b quay.io/team/app@${DIGEST}`], // any name in the repository
    [`quay.io/team/app:9@${DIGEST}`, `b quay.io/team/app@${DIGEST}`], // the tag does not count
    [`docker.io/pinned@${DIGEST}`, `c docker.io/library/pinned@${DIGEST}`],
  ])('%s', (text, expected) => {
    expect(find(view, text)).toBe(expected);
  });

  test.each([
    'localhost/app:2',
    'quay.io/team/app',
    `localhost/app@${DIGEST}`,
    'docker.io/app:1', // no other registry is tried
    'no.example.com/app:1',
  ])('%s is not known', (text) => {
    expect(() => find(view, text)).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_FOUND', message: `${text}: image not known` }),
    );
  });
});

describe('a short name', () => {
  const names = [
    'alias.example.com/tools/tool:latest',
    'localhost/tool:latest',
    'registry.example.com/tool:latest',
    'quay.io/team/tool:latest',
    'docker.io/library/tool:latest',
    'other.example.com/deep/tool:latest',
  ];

  test.each(names.map((_, index) => index))(
    'means the first of its candidates, without %i',
    (gone) => {
      const images = names.map((name, index) => image(`${index + 1}`, [name])).slice(gone);
      expect(find(viewOf(images.toReversed()), 'tool')).toBe(`${gone + 1} ${names[gone]}`);
    },
  );

  test.each([
    ['tool:2', ['alias.example.com/tools/tool:2'], 'a alias.example.com/tools/tool:2'],
    ['team/app', ['docker.io/team/app:latest'], 'a docker.io/team/app:latest'],
    ['deep/app:1', ['x.example.com/very/deep/app:1'], 'a x.example.com/very/deep/app:1'],
    [`tool@${DIGEST}`, ['localhost/tool:9'], `a localhost/tool@${DIGEST}`],
    [`deep/app@${DIGEST}`, ['x.example.com/very/deep/app:1'], 'a x.example.com/very/deep/app:1'],
    ['abc', ['x.example.com/abc:latest'], 'abc by ID'], // the ID goes before the end of a name
  ])('%s of %j', (text, own, expected) => {
    expect(find(viewOf([image(text === 'abc' ? 'abc' : 'a', own, [DIGEST])]), text)).toBe(expected);
  });

  test.each([
    ['app', ['x.example.com/myapp:latest']], // whole components only
    ['app', ['x.example.com/app:1']], // of the tag asked for
    ['x/app', ['app.example.com/y/app:latest']],
    ['app', []],
  ])('%s of %j is not known', (text, own) => {
    expect(() => find(viewOf([image('a', own)]), text)).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_FOUND' }),
    );
  });
});

describe('an ID', () => {
  const view = viewOf([
    image('36a', ['localhost/a:1']),
    image('36b', []),
    image('4', ['localhost/36a:latest']),
  ]);

  test.each([
    ['36b', '36b by ID'],
    ['4', '4 by ID'], // of any length
    ['36a', '4 localhost/36a:latest'], // a name goes first
    [imageID('36a'), '36a by ID'],
    [`sha256:${imageID('36a')}`, '36a by ID'],
  ])('%s', (text, expected) => {
    expect(find(view, text)).toBe(expected);
  });

  test.each(['36', '5', imageID('5')])('%s is not known', (text) => {
    expect(() => find(view, text)).toThrow(expect.objectContaining({ code: 'SOURCE_NOT_FOUND' }));
  });

  test.each(['sha256:36', 'sha256:', 'OK', 'localhost/OK:1', 'a b', ''])('%j is none', (text) => {
    expect(() => parseLocalName(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID' }),
    );
  });
});

describe('several stores', () => {
  const name = 'localhost/app:latest';

  test.each([
    [[image('a', [name])], [image('b', [name])], `a ${name}`],
    [[image('a', [])], [image('b', [name])], `b ${name}`],
  ])('%#', (first, second, expected) => {
    expect(find(viewOf(first, second), 'localhost/app')).toBe(expected);
  });

  test('an image of the first store has no names in the others', () => {
    const view = viewOf([image('b', [])], [image('b', [name]), image('c', [])]);
    expect(() => find(view, 'localhost/app')).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_FOUND' }),
    );
  });
});
