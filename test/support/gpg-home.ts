/** Keys of a real gpg, in a home that is gone with the test. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GpgHome extends AsyncDisposable {
  readonly path: string;
  /** Says where the keys are. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs gpg. @throws with its complaint when it fails */
  run(args: readonly string[], input?: string | Uint8Array): Buffer;
  /**
   * Makes a key that signs.
   * @returns its fingerprint
   */
  makeKey(user: string, passphrase?: string, validity?: 'for ever' | 'until long ago'): string;
  /** Has the agent forget passphrases, as after a new start of the machine. */
  forget(): void;
  /** Writes the public key to a file. @returns its path */
  exportKey(fingerprint: string): Promise<string>;
}

/** The path is short, for that of the agent's socket below it must be. */
export async function makeGpgHome(): Promise<GpgHome> {
  const path = await mkdtemp(join(tmpdir(), 'gpg-'));
  await chmod(path, 0o700);
  // Otherwise the agent measures the machine first, which takes long where much is going on.
  await writeFile(join(path, 'gpg-agent.conf'), 's2k-count 65536\n');
  const environment = { PATH: process.env['PATH'] ?? '', GNUPGHOME: path, HOME: path };
  const run = (args: readonly string[], input: string | Uint8Array = ''): Buffer => {
    const { status, stdout, stderr } = spawnSync('gpg', ['--batch', ...args], {
      env: environment,
      input,
    });
    if (status === 0) return stdout;
    throw new Error(`gpg ${args.join(' ')} ended with ${status}: ${String(stderr)}`);
  };
  const forget = (): void => {
    spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: environment });
  };
  return {
    path,
    environment,
    run,
    forget,
    makeKey: (user, passphrase = '', validity = 'for ever') => {
      const made = ['--pinentry-mode=loopback', '--passphrase-fd=0', '--status-fd=1'];
      if (validity === 'until long ago') made.push('--faked-system-time=20200101T000000');
      const output = run(
        [
          ...made,
          '--quick-gen-key',
          user,
          'ed25519',
          'sign',
          validity === 'for ever' ? 'never' : '1d',
        ],
        `${passphrase}\n`,
      );
      return /KEY_CREATED P ([0-9A-F]{40})/.exec(output.toString())?.[1] ?? '';
    },
    exportKey: async (fingerprint) => {
      const file = join(path, `${fingerprint}.gpg`);
      // By its fingerprint: parts of a name could mean several keys.
      await writeFile(file, run(['--export', fingerprint]));
      return file;
    },
    [Symbol.asyncDispose]: async () => {
      forget();
      await rm(path, { recursive: true, force: true });
    },
  };
}
