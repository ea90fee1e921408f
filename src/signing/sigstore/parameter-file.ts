/** The file of `--sign-by-sigstore`: with what to sign, and where to put that on record. */
import { LineCounter, parseDocument } from 'yaml';
import { messageOf, OcipushError, wrapError } from '../../errors.ts';
import { readSmallFile } from '../../io/file-reader.ts';
import { isJsonObject } from '../../io/bounded-json.ts';
import type { OidcClient } from './oidc-provider.ts';

/** containers-sigstore-signing-params.yaml(5) */
export interface SigningParameters {
  readonly key: KeyParameters | FulcioParameters;
  /** The transparency log; none where it is undefined. */
  readonly rekor: URL | undefined;
}

export interface KeyParameters {
  readonly kind: 'file';
  readonly file: string;
  /** Its first line is the passphrase; the user is asked where it is undefined. */
  readonly passphraseFile: string | undefined;
}

export interface FulcioParameters {
  readonly kind: 'fulcio';
  readonly service: URL;
  readonly identity: TokenParameters;
}

/** How the user proves who they are. */
export type TokenParameters =
  | { readonly mode: 'staticToken'; readonly token: string }
  | { readonly mode: 'deviceGrant' | 'interactive'; readonly client: OidcClient };

const FILE_LIMIT = 64 * 1024;

const TOP_FIELDS = ['fulcio', 'privateKeyFile', 'privateKeyPassphraseFile', 'rekorURL'];
const FULCIO_FIELDS = [
  'fulcioURL',
  'oidcMode',
  'oidcIssuerURL',
  'oidcClientID',
  'oidcClientSecret',
  'oidcIDToken',
];

/** What Fulcio takes tokens for when it is set up as its documentation says. */
const USUAL_CLIENT = 'sigstore';

/** A text by its name; empty when it is not there. */
type Fields = (name: string) => string;

/**
 * @throws OcipushError CONFIG_INVALID, without the secrets that may be in the file; FILE_NOT_FOUND,
 * FILE_UNREADABLE
 */
export async function readParameterFile(path: string): Promise<SigningParameters> {
  const attempt = `setting up signing using parameter file ${JSON.stringify(path)}`;
  try {
    const bytes = await readSmallFile(path, FILE_LIMIT);
    return parseParameters(parseYaml(Buffer.from(bytes).toString()));
  } catch (error) {
    throw wrapError(error, attempt, { code: 'CONFIG_INVALID', origin: 'config' });
  }
}

/** All scalars come as text, as the reference reads them into its fields. */
function parseYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false, lineCounter });
  const [fault] = document.errors;
  // What stands around the fault may be a secret, and is not shown.
  if (fault) {
    const { line, col } = lineCounter.linePos(fault.pos[0]);
    throw invalid(`parsing: ${fault.code} at line ${line}, column ${col}`);
  }
  if (document.contents === null) throw invalid('parsing: EOF');
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(`parsing: ${messageOf(error)}`);
  }
}

function parseParameters(root: unknown): SigningParameters {
  const field = fieldsOf(root, TOP_FIELDS, '');
  const file = field('privateKeyFile');
  const fulcio = isJsonObject(root) ? root['fulcio'] : undefined;
  const hasFulcio = fulcio !== undefined && fulcio !== '';
  if (file !== '' && hasFulcio) throw invalid('multiple private key sources specified');
  if (file === '' && !hasFulcio) {
    throw invalid('no private key source provided (neither a private key nor Fulcio)');
  }
  const passphraseFile = field('privateKeyPassphraseFile') || undefined;
  return {
    key: hasFulcio ? parseFulcio(fulcio) : { kind: 'file', file, passphraseFile },
    rekor: field('rekorURL') === '' ? undefined : addressAt(field, 'rekorURL'),
  };
}

function parseFulcio(value: unknown): FulcioParameters {
  const field = fieldsOf(value, FULCIO_FIELDS, 'fulcio.');
  if (field('fulcioURL') === '') throw invalid('missing fulcioURL');
  const mode = field('oidcMode');
  if (mode === '') throw invalid('missing oidcMode');
  return {
    kind: 'fulcio',
    service: addressAt(field, 'fulcioURL'),
    identity: parseIdentity(field, mode),
  };
}

function parseIdentity(field: Fields, mode: string): TokenParameters {
  if (mode === 'staticToken') {
    const token = field('oidcIDToken');
    if (token === '') throw invalid('missing oidcIDToken');
    return { mode, token };
  }
  if (mode !== 'deviceGrant' && mode !== 'interactive') {
    throw invalid(`unknown oidcMode value ${JSON.stringify(mode)}`);
  }
  if (field('oidcIssuerURL') === '') throw invalid('missing oidcIssuerURL');
  const issuer = addressAt(field, 'oidcIssuerURL');
  const clientID = field('oidcClientID') || USUAL_CLIENT;
  return { mode, client: { issuer, clientID, clientSecret: field('oidcClientSecret') } };
}

/** @throws OcipushError CONFIG_INVALID when there are others, or one is no text */
function fieldsOf(value: unknown, names: readonly string[], place: string): Fields {
  if (!isJsonObject(value)) throw invalid(`${place || 'the file'}: expected fields and values`);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`parsing: field ${place}${unknown} not found`);
  return (name) => {
    const text = Object.hasOwn(value, name) ? value[name] : '';
    if (typeof text !== 'string') throw invalid(`parsing: ${place}${name} is no text`);
    return text;
  };
}

function addressAt(field: Fields, name: string): URL {
  const text = field(name);
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
  throw invalid(`parsing ${name}: expected an address with https://`);
}

function invalid(message: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', message, {
    origin: 'config',
    hint: 'correct the file: containers-sigstore-signing-params.yaml(5) says what may be in it',
  });
}
