/** Turns a Docker image config into an OCI one, as Go writes it from the struct of image-spec. */
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
import { encodeJson, omitEmpty, type JsonStruct } from './json-encoder.ts';
import { optional, readList, type JsonField } from './json-field.ts';
import { parseManifestJson } from './manifest-json.ts';

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
    ExposedPorts: omitEmpty(optional(member('ExposedPorts'), readNameSet)),
    Env: texts(member('Env')),
    Entrypoint: texts(member('Entrypoint')),
    Cmd: texts(member('Cmd')),
    Volumes: omitEmpty(optional(member('Volumes'), readNameSet)),
    WorkingDir: text(member('WorkingDir')),
    Labels: omitEmpty(optional(member('Labels'), readTextMap)),
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
