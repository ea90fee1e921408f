/** Opens TCP connections: to a registry itself, or to the proxy before it. */
import { connect, type Socket } from 'node:net';
import { bareHost } from '../config/proxy.ts';
import { portOf } from './address.ts';

export interface Dialling {
  /** Milliseconds in which the connection must be there. */
  readonly timeout: number;
  /** Ends the connection, at whatever stage it is. */
  readonly signal: AbortSignal;
}

/** Connects to the host and port of a URL; fails with the error of the socket. */
export type Dial = (url: URL, dialling: Dialling) => Promise<Socket>;

/** The code of the error of a connection that took too long. */
export const CONNECT_TIMEOUT = 'CONNECT_TIMEOUT';

/** Bytes that a socket takes before it wants to be waited for: no more than the chunks of an upload have. */
const HIGH_WATER_MARK = 64 * 1024;

/** Milliseconds after which a silent connection is asked whether it is still there. */
const KEEP_ALIVE_DELAY = 60_000;

export const dial: Dial = async (url, { timeout, signal }) => {
  // A socket would connect in spite of it.
  signal.throwIfAborted();
  const options = {
    host: bareHost(url.hostname),
    port: portOf(url),
    highWaterMark: HIGH_WATER_MARK,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY,
    signal,
    timeout,
  };
  const socket = connect(options);
  socket.once('timeout', () => socket.destroy(connectTimeout(timeout)));
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket.setTimeout(0).removeAllListeners('timeout')));
    // It stays, for what goes wrong while nobody uses the connection yet.
    socket.on('error', reject);
  });
};

function connectTimeout(milliseconds: number): Error {
  return Object.assign(new Error(`no connection within ${milliseconds} ms`), {
    code: CONNECT_TIMEOUT,
  });
}
