/** A login at a terminal: questions, an echo for the user and none for the password, and Control-C. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openScene, type Scene } from '../support/scene.ts';
import { openTerminal, requireTerminal, type Terminal } from '../support/terminal.ts';
import { PASSWORD, USER } from '../support/secrets.ts';

const BASIC = { kind: 'basic', user: USER, password: PASSWORD } as const;
const ENCODED = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');

interface Place {
  readonly scene: Scene;
  readonly login: (...flags: readonly string[]) => Terminal;
  readonly push: (...flags: readonly string[]) => Terminal;
  /** The kept `auth`. */
  readonly kept: () => Promise<string | undefined>;
}

async function open(scene: Scene): Promise<Place> {
  const { home, registry } = scene;
  await mkdir(scene.path('run'));
  const env = { XDG_RUNTIME_DIR: scene.path('run') };
  const command = (name: string, args: readonly string[]): Terminal =>
    openTerminal(home.path, [name, '--tls-verify=false', ...args], env);
  return {
    scene,
    login: (...flags) => command('login', [...flags, registry.host]),
    push: (...flags) => command('push', [...flags, 'oci:nothing', scene.destination]),
    kept: async () => {
      const text = await readFile(scene.path('run/containers/auth.json'), 'utf8').catch(() => '{}');
      const { auths } = JSON.parse(text) as { auths?: Record<string, { auth: string }> };
      return auths?.[registry.host]?.auth;
    },
  };
}

/** As after a command that left the terminal as it was. */
const RESTORED = expect.arrayContaining(['echo', 'icanon', 'isig', 'icrnl']);

describe.runIf(requireTerminal())('login at a terminal', () => {
  test('asks for both, and shows one of them', async () => {
    await using scene = await openScene({ auth: BASIC });
    const { login, kept } = await open(scene);
    const terminal = login();
    await terminal.answer('Username: ', `${USER}\n`);
    await terminal.answer('Password: ', `${PASSWORD}\r`);
    expect(await terminal.end).toEqual({
      code: 0,
      screen: `Username: ${USER}\r\nPassword: \r\nLogin Succeeded!\r\n`,
      settings: RESTORED,
    });
    expect(await kept()).toBe(ENCODED);
  });

  test('asks for the password alone', async () => {
    await using scene = await openScene({ auth: BASIC });
    const terminal = (await open(scene)).login('-u', USER);
    await terminal.answer('Password: ', `${PASSWORD}\n`);
    expect(await terminal.end).toMatchObject({
      code: 0,
      screen: 'Password: \r\nLogin Succeeded!\r\n',
    });
  });

  test('asks anew where the kept ones are not valid any more, and knows the user', async () => {
    await using scene = await openScene({ auth: BASIC });
    const place = await open(scene);
    const { host } = scene.registry;
    const stale = { auths: { [host]: { auth: Buffer.from(`${USER}:old`).toString('base64') } } };
    await mkdir(scene.path('run/containers'));
    await writeFile(scene.path('run/containers/auth.json'), JSON.stringify(stale));
    const terminal = place.login();
    await terminal.answer(`Username (${USER}): `, '\n');
    await terminal.answer('Password: ', `${PASSWORD}\r`);
    const { code, screen } = await terminal.end;
    expect(code).toBe(0);
    expect(screen.split('\r\n')).toEqual([
      `Authenticating with existing credentials for ${host}`,
      'Existing credentials are invalid, please enter valid username and password',
      `Username (${USER}): `,
      'Password: ',
      'Login Succeeded!',
      '',
    ]);
    expect(await place.kept()).toBe(ENCODED);
  });

  test.each([
    ['the user', '', '\u0003'],
    ['the password', `${USER}\n`, `${PASSWORD}\u0003`],
  ])(
    'Control-C at %s ends it, changes nothing and restores the terminal',
    async (_, user, keys) => {
      await using scene = await openScene({ auth: BASIC });
      const { login, kept } = await open(scene);
      const terminal = login();
      if (user !== '') await terminal.answer('Username: ', user);
      await terminal.answer(user === '' ? 'Username: ' : 'Password: ', keys);
      const { code, screen, settings } = await terminal.end;
      expect([code, settings]).toEqual([130, RESTORED]);
      expect(screen).not.toContain('secret');
      expect(await kept()).toBeUndefined();
      expect(scene.registry.requests).toEqual([]);
    },
  );

  test('the end of the input is no password', async () => {
    await using scene = await openScene({ auth: BASIC });
    const terminal = (await open(scene)).login('-u', USER);
    await terminal.answer('Password: ', '\u0004');
    const { code, screen, settings } = await terminal.end;
    expect([code, settings]).toEqual([125, RESTORED]);
    expect(screen).toContain('Error: getting username and password: reading password: EOF');
  });

  test('--creds of a push asks in the same way', async () => {
    await using scene = await openScene({ auth: BASIC });
    const terminal = (await open(scene)).push('--creds', USER);
    await terminal.answer('Password: ', '\u0003');
    expect(await terminal.end).toMatchObject({ code: 130, settings: RESTORED });
  });
});
