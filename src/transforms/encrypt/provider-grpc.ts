/** Asks a key provider that is a gRPC service: one call whose message is a single field of bytes. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  connect,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import type { KeyProvider, ProviderTls } from '../../config/keyprovider-config.ts';
import { messageOf, OcipushError } from '../../errors.ts';
import { collect, MIB } from '../../io/bytes.ts';
import { PROVIDER_TIMEOUT } from './provider-command.ts';

const METHOD = '/keyprovider.KeyProviderService/WrapKey';

/** Of the frame before a message: whether it is compressed, and its length. */
const PREFIX = 5;

/** Field 1, length-delimited (protocol buffers, encoding). */
const FIELD = 0x0a;

/** @throws OcipushError KEY_INVALID when it cannot be reached, or refuses */
export async function callGrpc(
  { address, tls }: Extract<KeyProvider, { readonly kind: 'grpc' }>,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROVIDER_TIMEOUT)]);
  try {
    const session = tls
      ? connect(`https://${address}`, await tlsOptions(tls))
      : connect(`http://${address}`);
    let fault: unknown;
    session.on('error', (error) => (fault = error));
    try {
      return await call(session, request, limit);
    } catch (error) {
      // The call only says that it was cancelled.
      throw fault ?? error;
    } finally {
      session.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new OcipushError('KEY_INVALID', `calling ${address}: ${messageOf(error)}`, {
      origin: 'config',
      hint: 'see whether the service runs that OCICRYPT_KEYPROVIDER_CONFIG names, and what it logs',
      cause: error,
    });
  }
}

async function call(
  session: ClientHttp2Session,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': METHOD,
      'content-type': 'application/grpc',
      te: 'trailers',
    },
    { signal },
  );
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on('response', (received) => (headers = received));
  stream.on('trailers', (received) => (trailers = received));
  stream.end(frame(request));
  const [answer] = await Promise.all([collect(stream, MIB, 'the answer'), once(stream, 'close')]);
  // A call that fails at once has its status in the headers.
  checkStatus({ ...headers, ...trailers });
  return messageIn(answer);
}

function checkStatus(headers: IncomingHttpHeaders): void {
  const status = headers['grpc-status'];
  if (status === '0') return;
  const said = headers['grpc-message'];
  const http = `HTTP status ${String(headers[':status'])}`;
  throw new Error(
    status === undefined ? http : `gRPC status ${String(status)}${said ? `: ${String(said)}` : ''}`,
  );
}

/** The bytes as field 1 of a message, and that in a frame (gRPC over HTTP/2). */
function frame(bytes: Uint8Array): Uint8Array {
  const message = Buffer.concat([Uint8Array.of(FIELD, ...varint(bytes.length)), bytes]);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Seven bits a byte, the lowest first; all but the last have the highest bit set. */
function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function messageIn(answer: Uint8Array): Uint8Array {
  const [isCompressed] = answer;
  let position = PREFIX + 1;
  let length = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = answer[position] ?? 0;
    position += 1;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (isCompressed === 0 && answer[PREFIX] === FIELD && position + length === answer.length) {
    return answer.subarray(position);
  }
  throw new Error('the answer is no message of a key provider');
}

async function tlsOptions(tls: ProviderTls): Promise<SecureClientSessionOptions> {
  const { rootCaFile, certFile, keyFile, serverName, insecureSkipVerify } = tls;
  return {
    ...(rootCaFile && { ca: await readFile(rootCaFile) }),
    ...(certFile && { cert: await readFile(certFile) }),
    ...(keyFile && { key: await readFile(keyFile) }),
    ...(serverName && { servername: serverName }),
    rejectUnauthorized: !insecureSkipVerify,
  };
}
