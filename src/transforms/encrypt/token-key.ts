/** Gets public keys out of tokens (PKCS #11), through the tool of GnuTLS that reads them. */
import type { KeyObject } from 'node:crypto';
import { parse } from 'yaml';
import { OcipushError } from '../../errors.ts';
import { askProgram } from '../../io/ask-program.ts';
import { isJsonObject, memberAt, type JsonObject } from '../../io/bounded-json.ts';
import { MIB } from '../../io/bytes.ts';
import { keyError } from './key-file.ts';
import type { KeyContext } from './key-wrapper.ts';
import { parsePublicKey } from './public-key.ts';

/** Where a key is, and what its module finds in the environment. */
export interface TokenKey {
  /** RFC 7512. */
  readonly uri: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Milliseconds; tokens that are devices take their time. */
const TIMEOUT = 60_000;

/**
 * The key that ocicrypt's YAML names; undefined for files of any other kind.
 * @throws OcipushError KEY_INVALID for one that is damaged; without its text, which may have a PIN
 */
export function parseTokenKey(bytes: Uint8Array, path: string): TokenKey | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  if (!/pkcs11["']?\s*:/.test(text)) return undefined;
  const document = parseYaml(text, path);
  const uri = memberAt(document, 'pkcs11', 'uri');
  if (typeof uri !== 'string') return undefined;
  const environment = memberAt(document, 'module', 'env');
  return { uri, environment: textsIn(environment) };
}

/**
 * Asks for the public key alone: no PIN is needed for it, and none in the URI is passed on, for all
 * users of the machine see the arguments of a program.
 * @throws OcipushError CONFIG_INVALID without the tool; KEY_INVALID when there is no such key
 */
export async function readTokenKey(
  { uri, environment = {} }: TokenKey,
  context: KeyContext,
): Promise<KeyObject> {
  const path = tokenPath(uri);
  const [, query = ''] = uri.split('?', 2);
  const modulePath = new URLSearchParams(query.replaceAll('&amp;', '&')).get('module-path');
  const { output, failure, complaints } = await askProgram({
    program: 'p11tool',
    args: [
      '--batch',
      ...(modulePath ? [`--provider=${modulePath}`] : []),
      '--export',
      withType(path),
    ],
    input: '',
    environment: { ...context.environment, ...environment },
    limit: MIB,
    timeout: TIMEOUT,
    signal: context.signal,
    complaints: 'keep',
  });
  if (failure === undefined && output.length > 0) return parsePublicKey(output, path).key;
  if (failure?.startsWith('exec: ')) throw missingTool(failure);
  throw keyError(
    `no public key at ${path}: ${complaints.replaceAll('\n', '; ') || failure || 'nothing'}`,
    'see what the token has: p11tool --list-all-certs, p11tool --list-all TOKEN-URI',
  );
}

/** The part of a URI that says where a key is, for others to see: without PIN. */
export function tokenPath(uri: string): string {
  const [path = ''] = uri.split('?', 1);
  return path.replaceAll(/;pin-(?:value|source)=[^;]*/g, '');
}

/** Private keys and certificates may have the same name. */
function withType(path: string): string {
  const attributes = path.split(';').filter((each) => !/^(?:type|object-type)=/.test(each));
  return [...attributes, 'type=public'].join(';');
}

function parseYaml(text: string, path: string): unknown {
  try {
    // A warning would go to standard error, with the lines around it.
    return parse(text, { logLevel: 'error' });
  } catch {
    throw keyError(`${path} is not in YAML`, 'write what ocicrypt documents: pkcs11: {uri: …}');
  }
}

function textsIn(value: unknown): Readonly<Record<string, string>> {
  const object: JsonObject = isJsonObject(value) ? value : {};
  // Not all objects have a text.
  const scalars = Object.entries(object).filter(([, text]) => typeof text !== 'object');
  return Object.fromEntries(scalars.map(([name, text]) => [name, String(text)]));
}

function missingTool(failure: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', `reading a PKCS #11 token: ${failure}`, {
    origin: 'config',
    hint: 'install p11tool (gnutls-bin), or export the public key and name its file: pkcs11:./key.pem',
  });
}
