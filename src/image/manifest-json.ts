/** Opens manifest JSON so that no other reader of the bytes can see another manifest in them. */
import { messageOf, OcipushError } from '../errors.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { invalidField, readMembers, type JsonField, type JsonMembers } from './json-field.ts';
import { shapeProblem } from '../io/json-shape.ts';
import { DOCKER_LIST, DOCKER_MANIFEST } from './media-types.ts';

/** The fields that make a manifest one of its kind, in the order in which messages list them. */
const ESSENTIAL_FIELDS = ['config', 'fsLayers', 'history', 'layers', 'manifests'] as const;

export type EssentialField = (typeof ESSENTIAL_FIELDS)[number];

/**
 * Parses a JSON object in which no name is given twice: readers differ in which value they take. It
 * may be neither deep nor of countless values.
 * `document` names it in messages.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseManifestJson(bytes: Uint8Array, document: string): JsonField {
  const problem = shapeProblem(bytes);
  if (problem !== undefined) throw invalidField({ value: undefined, document, path: '' }, problem);
  const field = { value: parseObject(bytes, document), document, path: '' };
  const name = repeatedName(new TextDecoder().decode(bytes));
  if (name !== undefined) throw invalidField(field, `duplicate name ${JSON.stringify(name)}`);
  return field;
}

/**
 * The members of a manifest or list of schema version 2 that is of the type `mediaType` and of no
 * other: it says so itself (OCI ones need not), and has only the `essential` fields of that type.
 * @throws OcipushError MANIFEST_INVALID
 */
export function readVersion2(
  bytes: Uint8Array,
  mediaType: string,
  essential: readonly EssentialField[],
): JsonMembers {
  const root = parseManifestJson(bytes, 'manifest');
  requireSchemaVersion(root, 2);
  const member = readMembers(root);
  const named = member('mediaType').value ?? undefined;
  const required = mediaType === DOCKER_MANIFEST || mediaType === DOCKER_LIST;
  if (named !== mediaType && (required || named !== undefined)) {
    throw invalidField(member('mediaType'), `expected ${JSON.stringify(mediaType)}`);
  }
  rejectAmbiguous(root, mediaType, essential);
  return member;
}

/** @throws OcipushError MANIFEST_INVALID when the manifest is of another version of the schema */
export function requireSchemaVersion(root: JsonField, version: 1 | 2): void {
  const { value } = readMembers(root)('schemaVersion');
  if (value === version) return;
  // Not String(): of an object or a deep array there may be no text.
  const found = typeof value === 'number' ? value : typeof value;
  throw invalidField(root, `unsupported schema version ${found}`);
}

/**
 * Refuses a manifest with the essential fields of another kind, or with one of its own in other
 * letters: Go reads names regardless of case.
 * @throws OcipushError MANIFEST_INVALID
 */
export function rejectAmbiguous(
  root: JsonField,
  mediaType: string,
  essential: readonly EssentialField[],
): void {
  const names = Object.entries(isJsonObject(root.value) ? root.value : {}).flatMap(
    ([name, value]) => (value === null ? [] : [name]),
  );
  const unexpected = ESSENTIAL_FIELDS.filter((field) =>
    names.some(
      (name) =>
        foldCase(name) === foldCase(field) && !(essential as readonly string[]).includes(name),
    ),
  );
  if (unexpected.length === 0) return;
  const list = unexpected.map((field) => `"${field}"`).join(', ');
  throw new OcipushError(
    'MANIFEST_INVALID',
    `rejecting ambiguous manifest, unexpected fields []string{${list}} in supposedly ${mediaType}`,
  );
}

/** As Go compares names: U+017F is an S, and U+212A a K. */
export function foldCase(name: string): string {
  return name.toUpperCase().toLowerCase();
}

function parseObject(bytes: Uint8Array, document: string): JsonObject {
  try {
    return parseJsonObject(bytes, document);
  } catch (error) {
    throw new OcipushError('MANIFEST_INVALID', messageOf(error), { cause: error });
  }
}

const STRING_OR_BRACE = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g;

/** In JSON that parses, a string is a name exactly where a colon follows it. */
function repeatedName(json: string): string | undefined {
  const objects: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(STRING_OR_BRACE)) {
    if (token === '{') objects.push(new Set());
    else if (token === '}') objects.pop();
    else if (colon !== undefined) {
      const name = String(JSON.parse(token.slice(0, -colon.length)));
      const names = objects.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}
