/** Turns a Docker image config into an OCI one, as Go writes it from the struct of image-spec, with what BuildKit adds. */
import {
  flag,
  membersAnyCase,
  readNameSet,
  readTextMap,
  readTexts,
  readTime,
  text,
  texts,
} from './go-struct.ts';
import { encodeJson, omitEmpty, RawJson, type JsonStruct } from './json-encoder.ts';
import { optional, readList, type JsonField } from './json-field.ts';
import { foldCase, parseManifestJson } from './manifest-json.ts';
import { rawMembers } from './raw-json.ts';

/**
 * The config written anew with the members of OCI image-spec config.md, and after them Healthcheck,
 * OnBuild and Shell, which Docker alone knows: BuildKit writes them so, and Docker reads them there.
 * Their values stay as they are; empty ones are left out. Lost is what else Docker alone knows.
 * podman and skopeo lose these three as well; without them the digest is the one that they arrive
 * at. Refused, unlike there, are members that are there twice, and times that RFC 3339 does not
 * know but Go mends.
 * @throws OcipushError MANIFEST_INVALID
 */
export function toOciConfig(bytes: Uint8Array): Uint8Array {
  const member = membersAnyCase(parseManifestJson(bytes, 'image config'));
  const json = Buffer.from(bytes).toString();
  return encodeJson({
    created: optional(member('created'), readTime),
    author: text(member('author')),
    architecture: text(member('architecture')) ?? '',
    os: text(member('os')) ?? '',
    'os.version': text(member('os.version')),
    'os.features': texts(member('os.features')),
    variant: text(member('variant')),
    config: optional(member('config'), (field) => settings(field, rawMember(json, 'config'))) ?? {},
    rootfs: optional(member('rootfs'), rootfs) ?? { type: '', diff_ids: null },
    history: omitEmpty(optional(member('history'), history)),
  });
}

function settings(field: JsonField, json: string): JsonStruct {
  const member = membersAnyCase(field);
  const kept = (name: string): RawJson | undefined =>
    isEmpty(member(name).value) ? undefined : new RawJson(rawMember(json, name));
  return {
    User: text(member('User')),
    ExposedPorts: omitEmpty(optional(member('ExposedPorts'), readNameSet)),
    Env: texts(member('Env')),
    Entrypoint: texts(member('Entrypoint')),
    Cmd: texts(member('Cmd')),
    Volumes: omitEmpty(optional(member('Volumes'), readNameSet)),
    WorkingDir: text(member('WorkingDir')),
    Labels: omitEmpty(optional(member('Labels'), readTextMap)),
    StopSignal: text(member('StopSignal')),
    ArgsEscaped: flag(member('ArgsEscaped')),
    Healthcheck: kept('Healthcheck'),
    OnBuild: kept('OnBuild'),
    Shell: kept('Shell'),
  };
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === '';
}

/** The value as it is spelt, of a member that is known to be there. */
function rawMember(object: string, name: string): string {
  const members = [...rawMembers(object)];
  return members.find(([spelling]) => foldCase(spelling) === foldCase(name))?.[1].text ?? '';
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
