/**
 * A process that pushes from one local place to another: `SOURCE DESTINATION [POINT]`. With a point
 * it kills itself before its change of that number to the disk, in the midst of it when it is a write.
 */
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { pushLocally } from './local-push.ts';

type Operation = (...args: unknown[]) => unknown;

const [source = '', destination = '', point] = process.argv.slice(2);
let left = Number(point ?? Infinity);

/** Makes a method count, and kill the process when its time has come. */
function deadly(owner: object, name: string, dying?: (self: unknown, args: unknown[]) => unknown) {
  const methods = owner as Record<string, Operation>;
  const original = methods[name] as Operation;
  methods[name] = async function (this: unknown, ...args: unknown[]) {
    const isChange = name !== 'open' || String(args[1]).includes('w');
    if (isChange) left -= 1;
    if (isChange && left === 0) {
      await dying?.(this, args);
      process.kill(process.pid, 'SIGKILL');
      // Nothing else happens while the signal is on its way.
      await new Promise(() => setInterval(() => undefined, 1000));
    }
    return original.apply(this, args);
  };
}

if (point !== undefined) {
  const file = await fs.open('/dev/null');
  const handle = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const { write } = handle as unknown as Record<'write', Operation>;
  deadly(handle, 'write', (self, [bytes]) => {
    const half = (bytes as Uint8Array).subarray(0, (bytes as Uint8Array).length / 2);
    return write.call(self, half);
  });
  deadly(handle, 'sync');
  for (const name of ['open', 'rename', 'unlink', 'rm', 'symlink', 'mkdir']) deadly(fs, name);
  syncBuiltinESMExports();
}

// One blob after the other, so that a point is the same one in every run.
const temporaryDirectory = process.env['TMPDIR'] ?? '/nonexistent';
await pushLocally(source, destination, { temporaryDirectory, jobs: 1 });
