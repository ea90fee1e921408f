/** Turns a Docker image config into an OCI one, as Go writes it from the struct of image-spec. */
import { encodeJson, omitEmpty, stringMap, type Json, type JsonStruct } from './json-encoder.ts';
import {
  invalidField,
  optional,
  readBoolean,
  readList,
  readMembers,
  readString,
  type JsonField,
  type JsonMembers,
} from './json-field.ts';
import { foldCase, parseManifestJson } from './manifest-json.ts';

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * The config written anew with the members of OCI image-spec config.md only, so that its digest is
 * the one that podman and skopeo arrive at. Lost is what Docker alone knows, Healthcheck, OnBuild
 * and Shell among it, also where an OCI config could carry it: users compare digests. Refused, unlike
 * there, are members that are there twice, and times that RFC 3339 does not know but Go mends.
 * @throws OcipushError MANIFEST_INVALID
 */
export function toOciConfig(bytes: Uint8Array): Uint8Array {
  const member = membersAnyCase(parseManifestJson(bytes, 'image config'));
  return encodeJson({
    created: optional(member('created'), readTime),
    author: text(member('author')),
    architecture: text(member('architecture')) ?? '',
    os: text(member('os')) ?? '',
    'os.version': text(member('os.version')),
    'os.features': texts(member('os.features')),
    variant: text(member('variant')),
    config: optional(member('config'), settings) ?? {},
    rootfs: optional(member('rootfs'), rootfs) ?? { type: '', diff_ids: null },
    history: omitEmpty(optional(member('history'), history)),
  });
}

function settings(field: JsonField): JsonStruct {
  const member = membersAnyCase(field);
  return {
    User: text(member('User')),
    ExposedPorts: nameSet(member('ExposedPorts')),
    Env: texts(member('Env')),
    Entrypoint: texts(member('Entrypoint')),
    Cmd: texts(member('Cmd')),
    Volumes: nameSet(member('Volumes')),
    WorkingDir: text(member('WorkingDir')),
    Labels: optional(member('Labels'), labels),
    StopSignal: text(member('StopSignal')),
    ArgsEscaped: flag(member('ArgsEscaped')),
  };
}

function rootfs(field: JsonField): JsonStruct {
  const member = membersAnyCase(field);
  return {
    type: text(member('type')) ?? '',
    diff_ids: optional(member('diff_ids'), readTexts) ?? null,
  };
}

function history(field: JsonField): readonly JsonStruct[] {
  return readList(field).map((step) => optional(step, historyStep) ?? {});
}

function historyStep(field: JsonField): JsonStruct {
  const member = membersAnyCase(field);
  return {
    created: optional(member('created'), readTime),
    created_by: text(member('created_by')),
    author: text(member('author')),
    comment: text(member('comment')),
    empty_layer: flag(member('empty_layer')),
  };
}

/** Go reads names regardless of case, and takes parts of each where one is there twice. */
function membersAnyCase(field: JsonField): JsonMembers {
  const member = readMembers(field);
  const spellings = new Map<string, readonly [first: string, other?: string]>();
  for (const name of Object.keys(field.value as object)) {
    const [first] = spellings.get(foldCase(name)) ?? [];
    spellings.set(foldCase(name), first === undefined ? [name] : [first, name]);
  }
  return (name) => {
    const [first = name, other] = spellings.get(foldCase(name)) ?? [];
    if (other === undefined) return member(first);
    throw invalidField(member(other), `${JSON.stringify(first)} is there as well`);
  };
}

function text(field: JsonField): string | undefined {
  return omitEmpty(optional(field, readString));
}

function texts(field: JsonField): readonly string[] | undefined {
  return omitEmpty(optional(field, readTexts));
}

/** Go leaves an element empty that is null. */
function readTexts(field: JsonField): readonly string[] {
  return readList(field).map((element) => optional(element, readString) ?? '');
}

function flag(field: JsonField): true | undefined {
  return optional(field, readBoolean) === true ? true : undefined;
}

function labels(field: JsonField): Map<string, Json> | undefined {
  const member = readMembers(field);
  const names = Object.keys(field.value as object);
  return stringMap(Object.fromEntries(names.map((name) => [name, text(member(name)) ?? ''])));
}

/** Go's `map[string]struct{}`: names alone matter. */
function nameSet(field: JsonField): Map<string, Json> | undefined {
  const member = optional(field, readMembers);
  if (member === undefined) return undefined;
  const names = Object.keys(field.value as object);
  for (const name of names) optional(member(name), readMembers);
  return names.length === 0 ? undefined : new Map(names.map((name) => [name, {}]));
}

/** RFC 3339 as Go writes it again: nine digits of a fraction at most, and Z for no offset. */
function readTime(field: JsonField): string {
  const [, time = '', fraction = '', zone = ''] = RFC3339.exec(readString(field)) ?? [];
  const date = new Date(`${time}Z`);
  // Days that are not there, such as 30 February, would be read as others.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== `${time}.000Z`) {
    throw invalidField(field, 'expected a time as in RFC 3339');
  }
  const digits = fraction.slice(0, 9).replace(/0+$/, '');
  return time + (digits === '' ? '' : `.${digits}`) + (/[1-9]/.test(zone) ? zone : 'Z');
}
