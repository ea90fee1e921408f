import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openProviderWrappers } from '../../../src/transforms/encrypt/provider.ts';
import { startProviderService, writeProviderCommand } from '../../support/key-provider.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { keyContext, writeProgram } from './key-context.ts';

const PAYLOAD = Buffer.from('{"symkey":"secret"}');

function named(name: string, ...parameters: readonly string[]) {
  return parameters.map((parameter) => ({ protocol: 'provider' as const, name, parameter }));
}

/** A context in which these providers are configured. */
async function contextOf(providers: object) {
  const path = join(await temporaryDirectory(), 'providers.json');
  await writeFile(path, JSON.stringify({ 'key-providers': providers }));
  return keyContext('/nonexistent', { OCICRYPT_KEYPROVIDER_CONFIG: path });
}

async function wrapOne(provider: object): Promise<Uint8Array> {
  const wrappers = await openProviderWrappers(named('it', 'a'), await contextOf({ it: provider }));
  return wrappers[0]?.wrap(PAYLOAD) ?? new Uint8Array();
}

describe('a program', () => {
  test('gets the payload on its standard input, and answers', async () => {
    const path = join(await temporaryDirectory(), 'provider');
    await writeProviderCommand(path);
    const turned = Buffer.from(await wrapOne({ cmd: { path } })).toString();
    const back = turned.replaceAll(/[A-Za-z]/g, (letter) =>
      String.fromCharCode(letter.charCodeAt(0) + (/[a-m]/i.test(letter) ? 13 : -13)),
    );
    expect(Buffer.from(back, 'base64')).toEqual(PAYLOAD);
  });

  test('is told the parameters of its own recipients, and nothing of others', async () => {
    const directory = await temporaryDirectory();
    const answer = '{"keywrapresults":{"annotation":"AAAA"}}';
    const path = await writeProgram(
      directory,
      'provider',
      `cat >${directory}/$1`,
      `echo '${answer}'`,
    );
    const context = await contextOf({
      one: { cmd: { path, args: ['first'] } },
      two: { cmd: { path, args: ['second'] }, grpc: '127.0.0.1:1' },
    });
    const recipients = [...named('one', 'Enabled'), ...named('two', 'a', 'b:c')];
    const wrappers = await openProviderWrappers(recipients, context);
    expect(wrappers.map(({ annotation }) => annotation)).toEqual([
      'org.opencontainers.image.enc.keys.provider.one',
      'org.opencontainers.image.enc.keys.provider.two',
    ]);
    for (const wrapper of wrappers) expect(await wrapper.wrap(PAYLOAD)).toEqual(Buffer.alloc(3));
    expect(JSON.parse(await readFile(join(directory, 'second'), 'utf8'))).toEqual({
      op: 'keywrap',
      keywrapparams: {
        ec: { Parameters: { two: ['YQ==', 'Yjpj'] }, DecryptConfig: { Parameters: {} } },
        optsdata: PAYLOAD.toString('base64'),
      },
      keyunwrapparams: { dc: null, annotation: null },
    });
  });

  test.each<[lines: readonly string[], reason: string]>([
    [['echo broken >&2', 'exit 3'], 'provider. stderr: broken: exit status 3'],
    [['echo nonsense'], 'reading answer of it: invalid JSON at line 1'],
    [['echo {}'], 'no wrapped keys produced by provider it'],
    [[`echo '{"keywrapresults":{"annotation":""}}'`], 'no wrapped keys produced by provider it'],
    [['kill -9 $$'], 'signal: SIGKILL'],
  ])('that does %j wraps nothing', async (lines, reason) => {
    const path = await writeProgram(await temporaryDirectory(), 'provider', ...lines);
    await expect(wrapOne({ cmd: { path } })).rejects.toMatchObject({
      origin: 'config',
      message: expect.stringContaining(reason) as string,
    });
  });

  test('that is not there is named', async () => {
    await expect(wrapOne({ cmd: { path: '/nonexistent/provider' } })).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining('/nonexistent/provider') as string,
    });
  });
});

describe('a service', () => {
  test.each([10, 100, 5000])('gets a payload of %d bytes, and answers', async (size) => {
    await using service = await startProviderService();
    const payload = Buffer.alloc(size, 'abc');
    const context = await contextOf({ it: { grpc: service.address } });
    const [wrapper] = await openProviderWrappers(named('it', 'a'), context);
    expect(await wrapper?.wrap(payload)).toEqual(Buffer.from(payload.toReversed()));
    expect(service.requests.map((each) => JSON.parse(each) as unknown)).toMatchObject([
      { op: 'keywrap', keywrapparams: { optsdata: payload.toString('base64') } },
    ]);
  });

  test('that refuses is quoted', async () => {
    await using service = await startProviderService('7');
    await expect(wrapOne({ grpc: service.address })).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringMatching(/calling 127.*: gRPC status 7: said so$/) as string,
    });
  });

  test('that is not there is named', async () => {
    const service = await startProviderService();
    await service[Symbol.asyncDispose]();
    await expect(wrapOne({ grpc: service.address })).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringMatching(/calling 127.*: connect ECONNREFUSED/) as string,
    });
  });

  test('with TLS is not spoken to in the clear', async () => {
    await using service = await startProviderService();
    await expect(wrapOne({ grpc: service.address, 'grpc-tls': {} })).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
    expect(service.requests).toEqual([]);
  });
});
