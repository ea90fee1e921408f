/** Key providers in the protocol of ocicrypt: a program and a service, which hide nothing from anybody. */
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Letters of base64 that a provider replaces, and those it puts in their place; doing it again undoes it. */
const SCRIPT = `#!/bin/sh
request=$(cat)
field() { printf %s "$request" | sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }
turn() { tr 'A-Za-z' 'N-ZA-Mn-za-m'; }
case $request in
*'"op":"keywrap"'*)
  printf '{"keywrapresults":{"annotation":"%s"}}' "$(field optsdata | turn | base64 -w0)" ;;
*)
  printf '{"keyunwrapresults":{"optsdata":"%s"}}' "$(field annotation | base64 -d | turn)" ;;
esac
`;

/** Writes the program that turns letters around; it needs a shell and nothing else. */
export async function writeProviderCommand(path: string): Promise<void> {
  await writeFile(path, SCRIPT);
  await chmod(path, 0o755);
}

interface Request {
  readonly op: string;
  readonly keywrapparams: { readonly optsdata: string };
  readonly keyunwrapparams: { readonly annotation: string };
}

export interface ProviderService extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  /** What it was asked, in JSON. */
  readonly requests: readonly string[];
}

/** A service that answers every call; `status` is what gRPC says of it. */
export async function startProviderService(status = '0'): Promise<ProviderService> {
  const requests: string[] = [];
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => void answer(stream, requests, status));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  stream: ServerHttp2Stream,
  requests: string[],
  status: string,
): Promise<void> {
  const frame = await buffer(stream);
  const text = frame.subarray(frame.indexOf('{')).toString();
  requests.push(text);
  stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'said so' });
  });
  stream.end(
    status === '0' ? framed(Buffer.from(answerTo(JSON.parse(text) as Request))) : undefined,
  );
}

function answerTo({ op, keywrapparams, keyunwrapparams }: Request): string {
  const reversed = (base64: string): string =>
    Buffer.from(Buffer.from(base64, 'base64').toReversed()).toString('base64');
  return JSON.stringify(
    op === 'keywrap'
      ? { keywrapresults: { annotation: reversed(keywrapparams.optsdata) } }
      : { keyunwrapresults: { optsdata: reversed(keyunwrapparams.annotation) } },
  );
}

/** A message with the bytes as field 1, of 128 to 16383 bytes, in a frame of gRPC. */
function framed(bytes: Uint8Array): Uint8Array {
  const length = [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  const message = Buffer.concat([Uint8Array.of(0x0a, ...length), bytes]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
