/** What a person types: command lines and the values in them, whatever is wrong with them. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { parseSize } from '../../src/cli/byte-size.ts';
import { completeCredentials } from '../../src/cli/creds.ts';
import { errorText } from '../../src/cli/error-text.ts';
import { escapeControls, goQuote } from '../../src/cli/escape.ts';
import {
  formatDuration,
  parseBool,
  parseDecimal,
  parseDuration,
  parseInteger,
  parseUnsigned,
} from '../../src/cli/go-values.ts';
import { parseLogLevel } from '../../src/cli/log-level.ts';
import { parseCredentialKey } from '../../src/cli/login-place.ts';
import { parseCompressionFormat } from '../../src/cli/options/compression.ts';
import { record } from '../cli/recording.ts';
import { declaredCommands } from '../support/declared-commands.ts';
import { fuzzAll, lenient, refusing } from './fuzz.ts';
import { texts } from './mutations.ts';

/** Characters that a terminal acts on. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const CONF = { unqualifiedSearchRegistries: ['a.test'], aliases: new Map<string, string>() };

/** Numbers and the like, of which none is more than its type can hold. */
function values(what: string, samples: readonly string[], parse: (text: string) => unknown) {
  return refusing(what, {
    inputs: texts(samples),
    read: (text) => assert.ok(!Number.isNaN(parse(text))),
    refusals: ['USAGE'],
  });
}

const VALUES = [
  values('boolean', ['true', 'false', '1', 'F'], parseBool),
  values('integer', ['-0x1_F', '0b101', '9223372036854775807', '0o17'], parseInteger),
  values('decimal number', ['-12', '9223372036854775807'], parseDecimal),
  values('number of at least 0', ['0', '18446744073709551615', '0X_ff'], parseUnsigned),
  values('number of bytes', ['1048576', '5MiB', '1.5g', '100 kB'], parseSize),
  values('level of messages', ['debug', 'Warning', 'panic'], parseLogLevel),
  values('format of compression', ['gzip', 'zstd', 'zstd:chunked'], parseCompressionFormat),
  refusing('duration', {
    inputs: texts(['1s', '-1m30.5s', '500ms', '2540400h10m10.000000000s', '1µs']),
    read: (text) => {
      const milliseconds = parseDuration(text);
      assert.ok(Math.abs(milliseconds) < 2 ** 63 / 1e6);
      if (milliseconds >= 0) parseDuration(formatDuration(milliseconds));
    },
    refusals: ['USAGE'],
  }),
  refusing('user and password', {
    inputs: texts(['me:pass:word', 'me', ':pass']),
    read: async (text) => {
      const credentials = await completeCredentials(text, undefined);
      assert.ok(credentials.kind === 'basic' && credentials.user !== '');
      assert.equal(`${credentials.user}:${credentials.password}`, text);
    },
    refusals: ['USAGE'],
  }),
  refusing('registry to log in at', {
    inputs: texts(['a.test:5000/b/c', 'https://a.test/v2/', 'localhost']),
    read: (text) => {
      const { key, registry } = parseCredentialKey(text, CONF);
      assert.ok(key === registry || key.startsWith(`${registry}/`));
      assert.doesNotMatch(key, CONTROL);
    },
    refusals: ['USAGE', 'REFERENCE_INVALID'],
  }),
  lenient('text for a terminal', {
    inputs: texts(['plain', '\u001B[2J\u202E\r\n', '"\\x"', 'é🙂']),
    finds: (text) => {
      assert.doesNotMatch(escapeControls(text), CONTROL);
      assert.match(goQuote(text), /^"(?:[^"\\]|\\.)*"$/u);
      const [line = '', ...rest] = errorText(new Error(text)).split('\n');
      assert.doesNotMatch(line, CONTROL);
      assert.deepEqual(rest, ['']);
      return escapeControls(text) !== text;
    },
  }),
];

const flags = [declaredCommands().push, declaredCommands().manifestPush, declaredCommands().login]
  .flatMap(({ options }) => options)
  .filter(({ long }) => long !== '--version')
  .flatMap(({ long, short, hidden }) => (hidden ? [] : [long ?? '', short ?? '']));

/** A flag, with a value or without; what names a command; an operand. */
const argument = fc.oneof(
  fc
    .tuple(fc.constantFrom(...flags), texts(['=true', '=5', '=gzip', '=1s', '', '=a']))
    .map((parts) => parts.join('')),
  texts([
    'push',
    'image',
    'manifest',
    'login',
    'logout',
    'completion',
    'docker://a.test/b',
    '--',
    '-',
  ]),
  texts(['linux/amd64', '5', 'zstd', 'user:pass', 'oci:/a', 'a.test']),
);

const LINES = [
  refusing('command line', {
    inputs: fc.tuple(
      fc.constantFrom(['push'], ['image', 'push'], ['manifest', 'push'], ['login'], []),
      fc.array(argument, { maxLength: 6 }),
    ),
    read: ([command, rest]) => record(...command, ...rest),
    refusals: ['USAGE'],
  }),
];

fuzzAll('values on the command line', VALUES, { suite: 300, night: 40_000 });
fuzzAll('command lines', LINES, { suite: 200, night: 15_000 });
