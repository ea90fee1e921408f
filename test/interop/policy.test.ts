/** skopeo takes policies as we do: the same ones are valid, and the same images may go. */
import { realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { messageOf } from '../../src/errors.ts';
import { requirePeers } from '../support/peers.ts';
import {
  INVALID_POLICIES,
  LOOKUPS,
  placed,
  policyOf,
  saveAny,
  UNCHECKED_REQUIREMENTS,
  writePolicyPlaces,
} from '../support/policies.ts';
import { startFakeEngine } from '../transports/docker-daemon/fake-engine.ts';
import { openExchange, type Exchange } from './exchange.ts';

describe.runIf(requirePeers('docker-registry', 'skopeo'))('a policy', () => {
  let exchange: Exchange;
  let words = { HERE: '', HOST: '', DIGEST: '' };

  beforeAll(async () => {
    exchange = await openExchange();
    const here = await realpath(exchange.peers.path);
    await writePolicyPlaces(here);
    await exchange.push(`oci:${here}/ns/image`, 'ns/x:1');
    const digest = String(await exchange.digestFile());
    words = { HERE: here, HOST: exchange.registry.host, DIGEST: digest };
    return () => exchange[Symbol.asyncDispose]();
  });

  /** What skopeo and we say of a push: `accepted`, or the text of the error. */
  async function verdicts(policy: string, source: string): Promise<readonly [string, string]> {
    const { HERE: here } = words;
    const engine = await startFakeEngine({ listen: 'tcp', save: saveAny(here) });
    const file = join(here, 'policy.json');
    await writeFile(file, policy);
    const out = join(here, 'out');
    const flags: Readonly<Record<string, readonly string[]>> = {
      docker: ['--src-tls-verify=false'],
      'docker-daemon': [`--src-daemon-host=${engine.host.replace('tcp:', 'http:')}`],
    };
    const mine = flags[source.split(':')[0] ?? ''] ?? [];
    const theirs = await exchange.peers
      .run('skopeo', '--policy', file, 'copy', '--quiet', ...mine, source, `dir:${out}`)
      .then(() => 'accepted', messageOf);
    await rm(out, { recursive: true, force: true });
    const run = await exchange.home.run(
      ['push', '--quiet', '--tls-verify=false', '--signature-policy', file, source, `dir:${out}`],
      { cwd: here, env: { DOCKER_HOST: engine.host } },
    );
    await rm(out, { recursive: true, force: true });
    return [theirs, run.code === 0 ? 'accepted' : run.stderr];
  }

  test.each(LOOKUPS)('for %s, %j: %s', async (source, scopes, verdict) => {
    const expected =
      verdict === 'accept'
        ? /^accepted$/
        : /Source image rejected: Running image \S+ is rejected by policy\./;
    const [theirs, ours] = await verdicts(placed(policyOf(scopes), words), placed(source, words));
    expect({ theirs, ours }).toEqual({
      theirs: expect.stringMatching(expected),
      ours: expect.stringMatching(expected),
    });
  });

  test.each(INVALID_POLICIES)('is invalid: %s', async (policy) => {
    const [theirs, ours] = await verdicts(policy, 'oci:ns/image');
    expect(theirs).toContain('invalid policy in');
    expect(ours).toContain('invalid policy in');
  });

  test.each(UNCHECKED_REQUIREMENTS)('is valid, and refuses: {%s}', async (requirement) => {
    const [theirs, ours] = await verdicts(`{"default":[{${requirement}}]}`, 'oci:ns/image');
    expect(theirs).toContain('Source image rejected: ');
    expect(ours).toContain('Source image rejected: ');
  });
});
