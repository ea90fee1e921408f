/** Where credentials are kept, and what helpers answer, whatever is wrong with them. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentialsOf, encodeAuth } from '../../src/config/auth-entry.ts';
import { findEntry, parseAuthFile, readAuthFile } from '../../src/config/auth-file.ts';
import { changeAuthFile, withEntry } from '../../src/config/auth-file-write.ts';
import { askCredentialHelper, listCredentialHelper } from '../../src/config/credential-helper.ts';
import { parseSecretJson } from '../../src/config/secret-json.ts';
import { systemClock } from '../../src/io/retry-clock.ts';
import { writeHelper } from '../config/places.ts';
import { sharedDirectory } from '../support/scratch.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';
import { texts } from './mutations.ts';

const AUTH = encodeAuth({ kind: 'basic', user: 'me', password: 'pass:word' });
const AUTH_FILES = [
  { auths: { 'a.b:1/c': { auth: AUTH }, 'docker.io': { identitytoken: 'x' } }, credsStore: 'x' },
  {
    auths: { 'https://a.b:1/v1/': { username: 'me', password: 'p' } },
    credHelpers: { 'd.e': 'y' },
  },
  { 'a.b:1': { auth: AUTH, email: 'me@a.b' } },
].map((file) => JSON.stringify(file));

const directory = await sharedDirectory();
const file = join(directory, 'auth.json');
const wait = { clock: systemClock, signal: new AbortController().signal };
const helper = {
  environment: {
    PATH: await writeHelper(join(directory, 'bin'), 'stub', `exec cat '${file}'`),
  },
};

const TEXTS = [
  refusing('auth file', {
    inputs: json(AUTH_FILES),
    read: (input) => {
      const found = findEntry(parseAuthFile(input, 'x'), 'a.b:1/c/d');
      if (found) credentialsOf(found.entry, found.key, () => undefined);
    },
    refusals: ['CONFIG_INVALID'],
  }),
  refusing('auth of an entry', {
    inputs: texts([AUTH, encodeAuth({ kind: 'basic', user: 'é', password: '\0' })]),
    read: (auth) => {
      const entry = { auth, identityToken: undefined, username: undefined, password: undefined };
      credentialsOf(entry, 'x', () => undefined);
    },
    refusals: ['CONFIG_INVALID'],
  }),
  refusing('JSON that may hold secrets', {
    inputs: json(AUTH_FILES),
    read: (input) => {
      try {
        parseSecretJson(input, 'x', 'y');
      } catch (error) {
        assert.doesNotMatch(String(error), /bWU6|identity|pass/);
        throw error;
      }
    },
    refusals: ['CONFIG_INVALID'],
  }),
];

const FILES = [
  refusing('auth file that is changed', {
    inputs: json(AUTH_FILES),
    read: async (input) => {
      await writeFile(file, input);
      try {
        await changeAuthFile(file, withEntry('new.example', { auth: AUTH }), wait);
      } catch (error) {
        assert.deepEqual(await readFile(file), input);
        throw error;
      }
      assert.equal((await readAuthFile(file))?.entries.get('new.example')?.auth, AUTH);
    },
    // The second for what is deeper than the stack.
    refusals: ['CONFIG_INVALID', 'FILE_UNWRITABLE'],
    examples: [Buffer.from(`{"auths":{},"x":${'['.repeat(6000)}${']'.repeat(6000)}}`)],
  }),
];

const PROGRAMS = [
  refusing('answer of a credential helper', {
    inputs: json(['{"ServerURL":"a.b","Username":"me","Secret":"pass"}\n', '{"a.b":"me"}']),
    read: async (input) => {
      await writeFile(file, input);
      await askCredentialHelper('stub', 'a.b', helper);
      await listCredentialHelper('stub', helper);
    },
    refusals: ['CONFIG_INVALID'],
  }),
];

fuzzAll('credentials', TEXTS, { suite: 300, night: 10_000 });
fuzzAll('files of credentials', FILES, { suite: 80, night: 2000 });
fuzzAll('credential helpers', PROGRAMS, { suite: 20, night: 500 });
