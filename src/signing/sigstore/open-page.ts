/** Brings a page to the user: in their browser where that can be started, and in words always. */
import { spawn } from 'node:child_process';

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** The browser lives on by itself; a machine without one has the words. */
export function openPage(page: URL, tell: (message: string) => void): void {
  tell(`Sign in with your browser at: ${page.href}`);
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, page.href], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
