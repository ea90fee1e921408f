import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { PolicyIdentity } from '../../src/config/policy.ts';
import { parsePolicy } from '../../src/config/policy-json.ts';
import { OcipushError } from '../../src/errors.ts';
import { checkPolicy } from '../../src/push/policy-check.ts';
import { parseSourceReference } from '../../src/transports/references.ts';
import type { ImageSource } from '../../src/transports/transport.ts';
import { makeImage, makeLayer } from '../support/make-image.ts';
import {
  LOOKUPS,
  placed,
  policyOf,
  saveAny,
  UNCHECKED_REQUIREMENTS,
  writePolicyPlaces,
} from '../support/policies.ts';
import { registryOptions } from '../support/registry-options.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { thrownBy } from '../support/thrown.ts';
import { makeContext } from '../support/transport-context.ts';
import { startFakeEngine } from '../transports/docker-daemon/fake-engine.ts';
import { memoryDestination, memorySource } from './memory-image.ts';
import { pushAll } from './run-push.ts';

let here = '';

beforeEach(async () => {
  here = await realpath(await temporaryDirectory());
  await writePolicyPlaces(here);
  const home = process.cwd();
  process.chdir(here);
  return () => process.chdir(home);
});

function words(): Readonly<Record<string, string>> {
  return { HERE: here, HOST: '127.0.0.1:5000', DIGEST: `sha256:${'d'.repeat(64)}` };
}

async function open(source: string): Promise<ImageSource> {
  const engine = await startFakeEngine({ save: saveAny(here) });
  const context = makeContext({
    temporaryDirectory: here,
    environment: { DOCKER_HOST: engine.host },
    standardInput: () => createReadStream(join(here, 'ns/oci.tar')),
  });
  const registry = registryOptions();
  const reference = await parseSourceReference(placed(source, words()));
  const opened = await reference.openSource({ ...context, registry });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}

/** The error with which the source is refused; undefined when it may go. */
async function refusal(source: string, policy: string): Promise<OcipushError | undefined> {
  const opened = await open(source);
  const parsed = parsePolicy(Buffer.from(placed(policy, words())), '/p');
  try {
    checkPolicy(parsed, opened);
    return undefined;
  } catch (error) {
    if (error instanceof OcipushError) return error;
    throw error;
  }
}

describe('checkPolicy', () => {
  test.each(LOOKUPS)('%s, %j: %s', async (source, scopes, verdict) => {
    const error = await refusal(source, policyOf(scopes));
    expect(error?.code).toBe(verdict === 'accept' ? undefined : 'POLICY_REJECTED');
  });

  test.each<[path: string, transport: string, scope: string]>([
    ['HERE/ns/image', 'oci', 'HERE/ns/image'],
    ['./link/image', 'oci', 'HERE/ns'],
    ['HERE/ns/dir', 'dir', 'HERE/ns/dir'],
    ['HERE/link/oci.tar', 'oci-archive', 'HERE/ns/oci.tar'],
    ['HERE/ns/docker.tar', 'docker-archive', ''],
    ['-', 'oci-archive', ''],
  ])('knows the path %s as %s: %s', async (path, transport, scope) => {
    expect(await refusal(path, policyOf({ [transport]: { [scope]: 'accept' } }))).toBeUndefined();
    const error = await refusal(path, policyOf({ [transport]: { [scope]: 'reject' } }));
    const place = placed(`transports["${transport}"]["${scope}"]`, words());
    expect(error?.hint).toMatch(`/p says so under ${place}: `);
  });

  test('does not know what comes through standard input by where it came from', async () => {
    const policy = policyOf({ 'oci-archive': { HERE: 'accept', '/dev': 'accept' } });
    expect(await refusal('-', policy)).toBeDefined();
  });

  test('says what the reference says', async () => {
    expect(await refusal('oci:ns/image:1', policyOf({}))).toMatchObject({
      code: 'POLICY_REJECTED',
      origin: 'config',
      retryable: false,
      message: 'Source image rejected: Running image oci:ns/image:1 is rejected by policy.',
      hint: `/p says so under default: accept the image there under transports["oci"]["${here}/ns/image"], or name another policy with --signature-policy`,
    });
  });

  test.each([...UNCHECKED_REQUIREMENTS, '"type":"blessedBy","saint":1'])(
    'refuses what it cannot check: {%s}',
    async (requirement) => {
      const accept = '{"type":"insecureAcceptAnything"}';
      for (const list of [`{${requirement}}`, `${accept},{${requirement}},{"type":"reject"}`]) {
        const error = await refusal('oci:ns/image', `{"default":[${list}]}`);
        const { type } = JSON.parse(`{${requirement}}`) as { type: string };
        expect(error).toMatchObject({
          code: 'POLICY_REJECTED',
          message: expect.stringContaining(`requires "${type}" of oci:ns/image`),
        });
      }
    },
  );
});

describe('push', () => {
  const policy = parsePolicy(Buffer.from(policyOf({ memory: { yes: 'accept' } })), '/p');

  async function pushAs(policyIdentity: PolicyIdentity | undefined) {
    const { manifest, config, layers } = makeImage({ layers: [await makeLayer({ file: 'text' })] });
    const source = memorySource([manifest, config, ...layers], { policyIdentity });
    const destination = memoryDestination();
    const pushing = pushAll(source, [destination], { policy });
    return { pushing, source, destination };
  }

  test.each([
    ['what is accepted', { transport: 'memory', scopes: ['yes'] }],
    ['what is never judged', undefined],
  ])('lets through %s', async (_, identity) => {
    const { pushing, destination } = await pushAs(identity);
    expect((await pushing).outcomes).toMatchObject([{ status: 'fulfilled' }]);
    expect(destination.manifests.size).toBe(1);
  });

  test('opens no destination for what is rejected, and closes the source', async () => {
    const { pushing, source, destination } = await pushAs({ transport: 'memory', scopes: ['no'] });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'POLICY_REJECTED' });
    expect(source.isOpen()).toBe(false);
    expect(source.reads.size).toBe(0);
    expect(destination.blobs.size + destination.manifests.size).toBe(0);
  });
});
