import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_INDEX } from '../../src/image/media-types.ts';
import { addReferrer, referenceOf, referrersTag } from '../../src/image/referrers.ts';
import { listReferrers } from '../../src/registry/referrers.ts';
import type { CannedAnswer } from '../support/request-table.ts';
import { startScriptedRegistry } from '../support/request-table.ts';
import { makeReferrer } from '../support/make-referrer.ts';
import { thrownBy } from '../support/thrown.ts';
import { openClient, openRegistry, traceOf } from './open-client.ts';

const SUBJECT = digestOf(Buffer.from('image'));

describe('listReferrers', () => {
  test('asks the registry, page by page', async () => {
    const { client, registry } = await openRegistry({ referrersPage: 2 });
    const made = ['text/a', 'text/b', 'text/c'].map((type) => makeReferrer(type, SUBJECT));
    for (const { bytes, mediaType } of [
      ...made,
      makeReferrer('text/d', digestOf(Buffer.from('x'))),
    ]) {
      registry.repository('team/app').addManifest(bytes, mediaType);
    }
    expect(await listReferrers(client, SUBJECT)).toEqual(
      made.map((each) => referenceOf(each).entry),
    );
    expect(traceOf(registry)).toEqual([
      `GET referrers/sha256:… 200`,
      `GET referrers/sha256:…?from 200`,
    ]);
  });

  test('reads the list under a tag where the registry has none', async () => {
    const { client, registry } = await openRegistry();
    const { entry } = referenceOf(makeReferrer('text/a', SUBJECT));
    const list = addReferrer(undefined, entry);
    if (list === undefined) throw new Error('no list');
    registry.repository('team/app').addManifest(list.bytes, OCI_INDEX, referrersTag(SUBJECT));
    expect(await listReferrers(client, SUBJECT)).toEqual([entry]);
    expect(traceOf(registry)).toEqual([
      `GET referrers/sha256:… 404`,
      `GET manifests/${referrersTag(SUBJECT)} 200`,
    ]);
  });

  test('finds nothing where there is nothing', async () => {
    const { client } = await openRegistry();
    expect(await listReferrers(client, SUBJECT)).toEqual([]);
  });

  async function openScripted(...answers: readonly CannedAnswer[]) {
    const request = { method: 'GET', path: `/v2/team/app/referrers/${SUBJECT}` };
    const registry = await startScriptedRegistry(answers.map((answer) => ({ request, answer })));
    onTestFinished(() => registry[Symbol.asyncDispose]());
    return openClient(registry.host);
  }

  const empty = '{"schemaVersion":2,"manifests":[]}';

  test('goes to no other host for a page', async () => {
    const link = '<http://else.test/next>; rel="next"';
    const { client } = await openScripted({ status: 200, headers: { link }, body: empty });
    expect(await listReferrers(client, SUBJECT)).toEqual([]);
  });

  test('does not follow a list without an end', async () => {
    const headers = { link: `</v2/team/app/referrers/${SUBJECT}>; rel=next` };
    const endless = Array.from({ length: 64 }, () => ({ status: 200, headers, body: empty }));
    const { client } = await openScripted(...endless);
    expect(await thrownBy(listReferrers(client, SUBJECT))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });

  test.each<readonly [answer: CannedAnswer, code: string]>([
    [{ status: 200, body: '<html>' }, 'MANIFEST_INVALID'],
    [{ status: 200, body: 'x'.repeat(4 * 1024 * 1024 + 1) }, 'LIMIT_EXCEEDED'],
    [{ status: 401 }, 'REGISTRY_UNAUTHORIZED'],
    [{ status: 403 }, 'REGISTRY_DENIED'],
  ])('fails after %o', async (answer, code) => {
    const { client } = await openScripted(answer, answer);
    expect(await thrownBy(listReferrers(client, SUBJECT))).toMatchObject({ code });
  });

  test('asks again where the registry is busy', async () => {
    const { client, clock } = await openScripted({ status: 503 }, { status: 200, body: empty });
    expect(await listReferrers(client, SUBJECT)).toEqual([]);
    expect(clock.sleeps).toEqual([250]);
  });
});
