/** What goes wrong between us and a Docker Engine. */
import { messageOf, OcipushError } from '../../errors.ts';
import { isJsonObject, parseJson } from '../../io/bounded-json.ts';
import type { EngineAddress } from './engine-address.ts';

/** What waiting does not mend, as the system says it, and what the user can do about it. */
const LASTING: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ['no such file or directory', 'start it, or say with DOCKER_HOST where it listens'],
  ECONNREFUSED: ['connection refused', 'start it, or say with DOCKER_HOST where it listens'],
  EACCES: ['permission denied', 'ask to be made a member of the group docker'],
  ENOTFOUND: ['no such host', 'check the name in DOCKER_HOST'],
};

/** A connection that was there. */
const CUT_OFF = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** TLS and its certificates, by the codes of node:tls and OpenSSL. */
const ABOUT_TLS =
  /^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|EPROTO$)|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)/;

/** The error of a request without an answer. */
export function connectionLost({ name }: EngineAddress, error: unknown): OcipushError {
  const code = codeOf(error) ?? '';
  const [reason, hint] = LASTING[code] ?? [textOf(error)];
  const isTLS = ABOUT_TLS.test(code);
  return new OcipushError(
    isTLS ? 'TLS_FAILED' : 'DAEMON_UNREACHABLE',
    CUT_OFF.includes(code)
      ? `connection to the Docker daemon at ${name} was cut off: ${reason}`
      : `Cannot connect to the Docker daemon at ${name}: ${reason}`,
    {
      hint: isTLS ? 'DOCKER_CERT_PATH names the directory of ca.pem, cert.pem and key.pem' : hint,
      context: { host: name, ...(code !== '' && { code }) },
      retryable: !isTLS && hint === undefined,
      cause: error,
    },
  );
}

/** The error of an answer that tells of one. */
export function reported(message: string): OcipushError {
  const text = `docker engine reported: ${JSON.stringify(message)}`;
  return new OcipushError('DAEMON_REJECTED', text);
}

/** What an answer with an error status says: `{"message": …}`, else the text itself. */
export function messageIn(body: Uint8Array, status: number): string {
  try {
    const answer = parseJson(body, 'answer');
    const message = isJsonObject(answer) ? answer['message'] : undefined;
    if (typeof message === 'string') return message;
  } catch {
    // Proxies between us and the engine answer with what they like.
  }
  return Buffer.from(body.subarray(0, 200)).toString().trim() || `status ${status}`;
}

/** The error in the messages that an engine sends while it works, one JSON object a line. */
export function failureIn(body: Uint8Array): string | undefined {
  for (const line of Buffer.from(body).toString().split('\n')) {
    if (line.trim() === '') continue;
    const message = parseJson(Buffer.from(line), 'docker-daemon load progress');
    if (!isJsonObject(message)) continue;
    const { errorDetail, error } = message;
    const detail = isJsonObject(errorDetail) ? (errorDetail['message'] ?? error ?? '') : error;
    if (typeof detail === 'string') return detail;
    if (isJsonObject(errorDetail)) return 'an error that is no text';
  }
  return undefined;
}

/** The code of the error, or of what caused it. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return (error as NodeJS.ErrnoException).code ?? codeOf(error.cause);
}

/** Connecting to several addresses fails with an error that has no message of its own. */
function textOf(error: unknown): string {
  return error instanceof AggregateError && error.message === ''
    ? error.errors.map(messageOf).join('; ')
    : messageOf(error);
}
