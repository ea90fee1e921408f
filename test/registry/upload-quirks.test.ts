/** Uploads to registries that answer otherwise than docker's does. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import { noise } from '../support/make-image.ts';
import {
  startScriptedRegistry,
  type CannedAnswer,
  type ScriptedRow,
} from '../support/request-table.ts';
import { thrownBy } from '../support/thrown.ts';
import { blobOf, streamedBlob } from './blobs.ts';
import { openClient } from './open-client.ts';
import { serveHttp } from './server.ts';

const UPLOADS = '/v2/team/app/blobs/uploads/';
const SESSION = { location: 'http://{host}/session?s=1' };
const ABC = digestOf(Buffer.from('abc'));
const LARGE = noise(1024 * 1024);

async function openScripted(rows: readonly ScriptedRow[]) {
  const registry = await startScriptedRegistry(rows);
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const { client, clock } = await openClient(registry.host);
  return { uploader: new BlobUploader(client), registry, clock };
}

function row(method: string, path: string, answer: CannedAnswer | 'close'): ScriptedRow {
  return { request: { method, path }, answer };
}

const started = row('POST', UPLOADS, { status: 202, headers: SESSION });

describe('a PATCH', () => {
  test.each([200, 201, 202, 204])('is accepted with %i', async (status) => {
    const next = { location: '/session?s=2' };
    const { uploader, registry } = await openScripted([
      started,
      row('PATCH', '/session', { status, headers: next }),
      {
        request: { method: 'PUT', path: '/session', query: { s: '2', digest: ABC }, body: '' },
        answer: { status: 201 },
      },
    ]);
    expect(await uploader.upload(streamedBlob('abc'))).toMatchObject({ how: 'uploaded' });
    registry.verify();
  });

  test.each([203, 206, 301, 304])('is not accepted with %i', async (status) => {
    const { uploader } = await openScripted([
      started,
      row('PATCH', '/session', { status, headers: SESSION }),
      row('DELETE', '/session', { status: 204 }),
    ]);
    const error = await thrownBy(uploader.upload(streamedBlob('abc')));
    expect(error).toMatchObject({ code: 'REGISTRY_STATUS', context: { status } });
    expect(error.message).toMatch(/^uploading layer chunked: /);
  });

  test('that leads nowhere is done again', async () => {
    const { uploader, registry, clock } = await openScripted(
      [
        started,
        row('PATCH', '/session', { status: 202 }),
        row('GET', '/session', { status: 404 }),
        started,
        row('PATCH', '/session', { status: 202, headers: SESSION }),
        row('PUT', '/session', { status: 201 }),
      ].map((one) => ({ ...one })),
    );
    await uploader.upload(streamedBlob('abc'));
    expect(clock.sleeps).toEqual([250]);
    registry.verify();
  });
});

describe('the PUT', () => {
  test.each<readonly [status: number, digest: string | undefined]>([
    [200, ABC],
    [201, ABC],
    [201, undefined],
    [204, ABC],
  ])('is accepted with %i and %s', async (status, digest) => {
    const headers = digest === undefined ? {} : { 'docker-content-digest': digest };
    const { uploader } = await openScripted([started, row('PUT', '/session', { status, headers })]);
    expect(await uploader.upload(blobOf('abc'))).toMatchObject({ how: 'uploaded' });
  });

  test.each<readonly [status: number, digest: string | undefined]>([
    [200, undefined], // a login page, say
    [204, undefined],
    [200, 'nonsense'],
    [200, digestOf(Buffer.from('abd'))],
    [201, digestOf(Buffer.from('abd'))],
  ])('is not taken for a success with %i and %s', async (status, digest) => {
    const headers = digest === undefined ? {} : { 'docker-content-digest': digest };
    const { uploader } = await openScripted([started, row('PUT', '/session', { status, headers })]);
    const error = await thrownBy(uploader.upload(blobOf('abc')));
    expect(error).toMatchObject({ code: 'REGISTRY_ANSWER_INVALID', retryable: false });
  });

  test('is not accepted with 202', async () => {
    const { uploader } = await openScripted([
      started,
      row('PUT', '/session', { status: 202, headers: { 'docker-content-digest': ABC } }),
      row('DELETE', '/session', { status: 204 }),
    ]);
    const error = await thrownBy(uploader.upload(blobOf('abc')));
    expect(error.message).toBe(
      'uploading layer to URL: received unexpected HTTP status: 202 Accepted',
    );
  });

  test.each([
    ['/up/1?_state=a%3Db&y=', '/up/1?_state=a%3Db&y=&digest=sha256%3A'],
    ['/up/1', '/up/1?digest=sha256%3A'],
    ['/up/1?digest=old&z=%7e', '/up/1?z=%7e&digest=sha256%3A'],
    ['/up/1?digest', '/up/1?digest&digest=sha256%3A'],
    ['/up/1?', '/up/1?digest=sha256%3A'],
  ])('goes where the answer points to, letter by letter: %s', async (location, target) => {
    const seen: string[] = [];
    const { url } = await serveHttp((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      request.resume();
      if (request.method === 'POST') response.writeHead(202, { location }).end();
      else request.once('end', () => response.writeHead(201).end());
    });
    const { client } = await openClient(url.host);
    await new BlobUploader(client).upload(blobOf('abc'));
    expect(seen.at(-1)).toBe(`PUT ${target}${ABC.slice('sha256:'.length)}`);
  });
});

describe('a registry that mounts nothing from the repository itself', () => {
  test('may still have a large blob, and loses the session', async () => {
    const digest = digestOf(LARGE);
    const { uploader, registry } = await openScripted([
      started,
      row('HEAD', `/v2/team/app/blobs/${digest}`, {
        status: 200,
        headers: { 'content-length': String(LARGE.length) },
      }),
      {
        request: { method: 'DELETE', path: '/session', query: { s: '1' } },
        answer: { status: 204 },
      },
    ]);
    expect(await uploader.upload(blobOf(LARGE))).toMatchObject({ how: 'exists', digest });
    registry.verify();
  });

  test('may refuse to lose the session', async () => {
    const { uploader, registry } = await openScripted([
      started,
      row('HEAD', `/v2/team/app/blobs/${digestOf(LARGE)}`, {
        status: 200,
        headers: { 'content-length': String(LARGE.length) },
      }),
      row('DELETE', '/session', { status: 405 }),
    ]);
    expect(await uploader.upload(blobOf(LARGE))).toMatchObject({ how: 'exists' });
    registry.verify();
  });

  test('does not have a blob that is of another size', async () => {
    const { uploader, registry } = await openScripted([
      started,
      row('HEAD', `/v2/team/app/blobs/${digestOf(LARGE)}`, {
        status: 200,
        headers: { 'content-length': '7' },
      }),
      { request: { method: 'PUT', path: '/session', body: LARGE }, answer: { status: 201 } },
    ]);
    expect(await uploader.upload(blobOf(LARGE))).toMatchObject({ how: 'uploaded' });
    registry.verify();
  });
});
