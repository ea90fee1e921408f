/** Key providers: the file of ocicrypt that says which program or service wraps keys (docs/keyprovider.md). */
import { OcipushError, withDetails, wrapError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { MIB } from '../io/bytes.ts';
import { readSmallFile } from '../io/file-reader.ts';
import { memberOf, parseSecretJson } from './secret-json.ts';

/** How a provider is asked. */
export type KeyProvider =
  | { readonly kind: 'command'; readonly path: string; readonly args: readonly string[] }
  | { readonly kind: 'grpc'; readonly address: string; readonly tls: ProviderTls | undefined };

/** Paths of PEM files; empty ones are not set. */
export interface ProviderTls {
  readonly rootCaFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
}

const VARIABLE = 'OCICRYPT_KEYPROVIDER_CONFIG';

/**
 * The provider of this name.
 * @throws OcipushError CONFIG_INVALID when there is none, or the file cannot be read
 */
export async function readKeyProvider(
  name: string,
  environment: NodeJS.ProcessEnv,
): Promise<KeyProvider> {
  const path = environment[VARIABLE];
  if (!path) {
    throw invalid(
      `there is no key provider ${name}: ${VARIABLE} names no file`,
      `set ${VARIABLE} to the configuration file of the key providers`,
    );
  }
  const bytes = await readSmallFile(path, MIB).catch((error: unknown) => {
    const fallback = { code: 'CONFIG_INVALID', origin: 'config' } as const;
    const unread = wrapError(error, `reading the file that ${VARIABLE} names`, fallback);
    throw withDetails(unread, { hint: unread.hint ?? `set ${VARIABLE} to a file that is there` });
  });
  const providers = objectIn(parseSecretJson(bytes, path, `correct ${path}`), 'key-providers');
  const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (!isJsonObject(provider)) {
    const names = Object.keys(providers).join(', ') || 'none';
    throw invalid(`there is no key provider ${name} in ${path}`, `it has these: ${names}`);
  }
  return parseProvider(provider, name);
}

/** A command goes first, as in the reference. */
function parseProvider(provider: JsonObject, name: string): KeyProvider {
  const command = memberOf(provider, 'cmd');
  if (isJsonObject(command)) {
    const path = textIn(command, 'path');
    if (path !== '') return { kind: 'command', path, args: argsOf(command, name) };
  }
  const address = textIn(provider, 'grpc');
  if (address !== '') {
    const tls = memberOf(provider, 'grpc-tls');
    return { kind: 'grpc', address, tls: isJsonObject(tls) ? parseTls(tls) : undefined };
  }
  throw invalid(
    `key provider ${name}: Unsupported keyprovider invocation. Supported invocation methods are grpc and cmd`,
    'write {"cmd": {"path": …}} or {"grpc": "host:port"} for it',
  );
}

function argsOf(command: JsonObject, name: string): readonly string[] {
  const args = memberOf(command, 'args') ?? [];
  if (Array.isArray(args) && args.every((each) => typeof each === 'string')) return args;
  throw invalid(`key provider ${name}: args is no list of texts`, 'write "args": ["…"]');
}

function parseTls(tls: JsonObject): ProviderTls {
  return {
    rootCaFile: textIn(tls, 'root-ca-file'),
    certFile: textIn(tls, 'cert-file'),
    keyFile: textIn(tls, 'key-file'),
    serverName: textIn(tls, 'server-name'),
    insecureSkipVerify: memberOf(tls, 'insecure-skip-verify') === true,
  };
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const value = memberOf(object, name);
  return isJsonObject(value) ? value : {};
}

function textIn(object: JsonObject, name: string): string {
  const value = memberOf(object, name);
  return typeof value === 'string' ? value : '';
}

function invalid(message: string, hint: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint });
}
