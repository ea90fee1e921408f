/** `npm run demo`: pushes the fixture `hello` to a registry of our own and reads it back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import { startRegistry } from './registry/registry.ts';

const IMAGE = 'oci:fixtures/hello';

await using registry = await startRegistry();
const destination = `${registry.host}/demo/hello:1`;

console.log(`A registry listens on ${registry.host}.\n`);
await ocipush('push', '--tls-verify=false', '--digestfile', '/dev/stdout', IMAGE, destination);

const repository = `http://${registry.host}/v2/demo/hello`;
const answer = await fetch(`${repository}/manifests/1`, { headers: { accept: OCI_MANIFEST } });
const manifest = (await answer.json()) as { layers: { mediaType: string; digest: string }[] };
console.log(`\n\nThe registry has ${answer.headers.get('docker-content-digest')}:`);
console.log(JSON.stringify(manifest, undefined, 2));

const [layer] = manifest.layers;
const blob = await fetch(`${repository}/blobs/${layer?.digest}`);
const tar = gunzipSync(Buffer.from(await blob.arrayBuffer()));
const text = /Hello[^\n\0]*/.exec(tar.toString('latin1'))?.[0];
console.log(`\nIn its layer stands: ${text}\n`);

const before = registry.requests.length;
await ocipush('push', '--tls-verify=false', IMAGE, destination);
console.log(`\nPushed again, unchanged: ${registry.requests.length - before} request.`);

/** Runs the built command before the eyes of the reader. */
async function ocipush(...args: string[]): Promise<void> {
  console.log(`$ ocipush ${args.join(' ')}`);
  const child = spawn(process.execPath, ['bin/ocipush.js', ...args], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`ocipush ended with ${code}`);
}
