/** cosign and oras find at the destination what they attached to an image at its source. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { requirePeers } from '../support/peers.ts';
import { openExchange, type Exchange } from './exchange.ts';

const PASSPHRASE = 's3cret';
const SBOM = '{"spdxVersion":"SPDX-2.3"}';

interface Discovered {
  readonly manifests: readonly { readonly artifactType: string }[];
}

describe.runIf(requirePeers('docker-registry', 'cosign', 'oras'))('what refers to an image', () => {
  let exchange: Exchange;
  let key: string;

  beforeAll(async () => {
    exchange = await openExchange();
    const { peers } = exchange;
    await writeOciLayout(exchange.path('image'), {
      layers: [await makeLayer({ a: '1' })],
      compression: 'gzip',
    });
    await exchange.push('oci:image', 'ns/source:1', [], { cwd: exchange.home.path });
    const digest = String(await exchange.digestFile());
    key = join(peers.path, 'test');
    await peers.runWith(PASSPHRASE, 'cosign', 'generate-key-pair', '--output-key-prefix', key);
    const image = exchange.at(`ns/source@${digest}`);
    const flags = ['--key', `${key}.key`, '--tlog-upload=false', '--allow-insecure-registry'];
    await peers.runWith(PASSPHRASE, 'cosign', 'sign', '--yes', ...flags, image);
    await writeFile(join(peers.path, 'predicate.json'), '{"is":"tested"}');
    const predicate = ['--predicate', join(peers.path, 'predicate.json'), '--type', 'custom'];
    await peers.runWith(PASSPHRASE, 'cosign', 'attest', '--yes', ...flags, ...predicate, image);
    await writeFile(join(peers.path, 'sbom.json'), SBOM);
    const type = ['--artifact-type', 'application/spdx+json', '--disable-path-validation'];
    await peers.run(
      'oras',
      'attach',
      '--plain-http',
      ...type,
      image,
      join(peers.path, 'sbom.json'),
    );
  });

  afterAll(async () => {
    await exchange[Symbol.asyncDispose]();
  });

  async function typesAt(name: string): Promise<readonly string[]> {
    const flags = ['--plain-http', '--format', 'json'];
    const found = await exchange.peers.run('oras', 'discover', ...flags, exchange.at(name));
    const { manifests } = JSON.parse(found.toString()) as Discovered;
    return manifests.map(({ artifactType }) => artifactType);
  }

  function verified(command: string, name: string, ...flags: readonly string[]): Promise<boolean> {
    const ways = [
      '--key',
      `${key}.pub`,
      '--insecure-ignore-tlog=true',
      '--allow-insecure-registry',
    ];
    return exchange.peers.run('cosign', command, ...ways, ...flags, exchange.at(name)).then(
      () => true,
      () => false,
    );
  }

  test.each([
    ['none', false, false, []],
    ['signatures', true, false, []],
    ['all', true, true, ['application/spdx+json']],
  ] as const)('with %s', async (wish, isSigned, isAttested, types) => {
    const name = `ns/${wish}:1`;
    const source = `docker://${exchange.at('ns/source:1')}`;
    expect(await exchange.push(source, name, ['--referrers', wish])).toMatchObject({ code: 0 });
    expect(await verified('verify', name)).toBe(isSigned);
    expect(await verified('verify-attestation', name, '--type', 'custom')).toBe(isAttested);
    expect(await typesAt(name)).toEqual(types);
  });

  test('by way of a layout, to which oras copied it', async () => {
    const { peers } = exchange;
    const layout = join(peers.path, 'layout');
    const copying = ['--from-plain-http', '--to-oci-layout', '--recursive'];
    await peers.run('oras', 'cp', ...copying, exchange.at('ns/source:1'), `${layout}:1`);
    const run = await exchange.push(`oci:${layout}:1`, 'ns/layout:1', ['--referrers', 'all']);
    expect(run).toMatchObject({ code: 0 });
    expect(await typesAt('ns/layout:1')).toEqual(['application/spdx+json']);
  });
});
