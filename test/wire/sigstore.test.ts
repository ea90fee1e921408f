/** Signing with an identity: the command speaks to Fulcio, Rekor, an OpenID provider, and the user. */
import { verify, X509Certificate } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import { attachmentTag, parseAttachments } from '../../src/signing/sigstore/attachments.ts';
import { digestOf } from '../../src/image/digest.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { plant } from '../support/secrets.ts';
import { EMAIL } from '../support/sigstore/provider.ts';
import { startSigstoreServices, type SigstoreServices } from '../support/sigstore/services.ts';

interface Signing {
  readonly scene: Scene;
  readonly services: SigstoreServices;
  readonly push: (lines: readonly string[], flags?: readonly string[]) => ReturnType<Scene['push']>;
}

/** An image, and a registry and services with which it can be signed. */
async function openSigning(): Promise<Signing> {
  const [scene, services] = await Promise.all([openScene(), startSigstoreServices()]);
  onTestFinished(async () => {
    await scene[Symbol.asyncDispose]();
    await services[Symbol.asyncDispose]();
  });
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const folder = scene.path('.config/containers/registries.d');
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/r.yaml`, 'default-docker:\n  use-sigstore-attachments: true\n');
  await writeFile(scene.path('rekor.pub'), services.log.publicKey);
  const { fulcioURL, rekorURL } = services;
  const push = async (lines: readonly string[], flags: readonly string[] = []) => {
    const fields = [`fulcioURL: ${fulcioURL}`, ...lines].map((line) => `  ${line}\n`).join('');
    await writeFile(scene.path('param.yaml'), `rekorURL: ${rekorURL}\nfulcio:\n${fields}`);
    return scene.push('oci:image', ['--sign-by-sigstore=param.yaml', ...flags], {
      env: {
        SIGSTORE_REKOR_PUBLIC_KEY: scene.path('rekor.pub'),
        PATH: `${scene.path('bin')}${delimiter}${process.env['PATH']}`,
      },
    });
  };
  return { scene, services, push };
}

/** The names for which the image is signed; throws when a signature is not what it says. */
function signers({ repository }: Scene): readonly (string | undefined)[] {
  const image = repository.manifest('1')?.bytes ?? Buffer.of();
  const attached = repository.manifest(attachmentTag(digestOf(image)))?.bytes ?? Buffer.of();
  return parseAttachments(attached, OCI_MANIFEST).layers.map(({ digest, annotations = {} }) => {
    const leaf = new X509Certificate(annotations['dev.sigstore.cosign/certificate'] ?? '');
    const signature = annotations['dev.cosignproject.cosign/signature'] ?? '';
    const payload = repository.blobs.get(digest)?.bytes ?? Buffer.of();
    const isRight = verify('sha256', payload, leaf.publicKey, Buffer.from(signature, 'base64'));
    if (!isRight || !annotations['dev.sigstore.cosign/bundle']) throw new Error('badly signed');
    return leaf.subjectAltName;
  });
}

describe('signing with an identity', () => {
  test('by a token', async () => {
    const { scene, services, push } = await openSigning();
    const token = await services.provider.token();
    plant('an identity token', token);
    const run = await push(['oidcMode: staticToken', `oidcIDToken: ${token}`]);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(signers(scene)).toEqual([`email:${EMAIL}`]);
  });

  test('by a code that is typed elsewhere', async () => {
    const { scene, services, push } = await openSigning();
    services.provider.patience.push('authorization_pending');
    services.fault = async ({ path }, honest) => {
      const answer = await honest();
      if (path !== '/oidc/device') return answer;
      return { ...answer, body: { ...(answer.body as object), interval: 0.01 } };
    };
    const run = await push(['oidcMode: deviceGrant', `oidcIssuerURL: ${services.issuerURL}`]);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(run.stderr).toContain('Enter the verification code ABCD-EFGH in your browser at: ');
    expect(signers(scene)).toEqual([`email:${EMAIL}`]);
  });

  test.runIf(process.platform === 'linux')('by the browser', async () => {
    const { scene, services, push } = await openSigning();
    await mkdir(scene.path('bin'));
    const browser = scene.path('bin/xdg-open');
    await writeFile(
      browser,
      `#!/bin/sh\nexec ${process.execPath} -e 'fetch(process.argv[1])' "$1"\n`,
    );
    await chmod(browser, 0o755);
    const run = await push(['oidcMode: interactive', `oidcIssuerURL: ${services.issuerURL}`]);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(signers(scene)).toEqual([`email:${EMAIL}`]);
  });

  test('leaves no record of a dry run', async () => {
    const { scene, services, push } = await openSigning();
    const token = await services.provider.token();
    const lines = ['oidcMode: staticToken', `oidcIDToken: ${token}`];
    const run = await push(lines, ['--dry-run', '--digestfile=']);
    expect(run.stdout).toContain('Would push to');
    expect(services.requests).toEqual([]);
    expect(scene.repository.tags.size).toBe(0);
  });

  test('is refused before anything is uploaded, and without showing the token', async () => {
    const { scene, services, push } = await openSigning();
    const token = await services.provider.token();
    services.fault = ({ headers }) => ({ status: 403, body: `no ${headers.authorization}` });
    const run = await push(['oidcMode: staticToken', `oidcIDToken: ${token}`]);
    expect(run.code).toBe(125);
    expect(run.stderr).toContain('returned 403: "no Bearer ***"');
    expect(run.stderr).not.toContain(token);
    expect(scene.registry.requests.filter(({ method }) => method !== 'HEAD')).toEqual([]);
  });
});
