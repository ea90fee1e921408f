/** Docker's image configuration and its forerunner in v2s1, as Go writes them from a struct. */
import {
  flag,
  membersAnyCase,
  readInteger,
  readNameSet,
  readTextMap,
  readTexts,
  readTime,
  text,
  texts,
  ZERO_TIME,
} from './go-struct.ts';
import { omitEmpty, type JsonStruct } from './json-encoder.ts';
import { optional, readBoolean, readList, readString, type JsonField } from './json-field.ts';

/** One step of a build, as configs and v2s1 manifests have it. */
export interface HistoryStep {
  /** RFC 3339; Go's zero time where it was not said. */
  readonly created: string;
  readonly createdBy: string | undefined;
  readonly author: string | undefined;
  readonly comment: string | undefined;
  /** Whether the step changed no file. */
  readonly isEmpty: boolean;
}

/** Docker's V1Image. */
export interface DockerV1Image extends JsonStruct {
  readonly docker_version: string | undefined;
  readonly architecture: string | undefined;
}

/**
 * An image configuration without what v2s2 added to v2s1: `rootfs` and `history`. Written anew it
 * has all those members that Go does not leave out when they are empty.
 * @throws OcipushError MANIFEST_INVALID when Docker could not read it
 */
export function parseDockerV1Image(field: JsonField): DockerV1Image {
  const member = membersAnyCase(field);
  return {
    id: text(member('id')),
    parent: text(member('parent')),
    comment: text(member('comment')),
    created: optional(member('created'), readTime) ?? ZERO_TIME,
    container: text(member('container')),
    container_config: optional(member('container_config'), settings) ?? NO_SETTINGS,
    docker_version: text(member('docker_version')),
    author: text(member('author')),
    config: optional(member('config'), settings),
    architecture: text(member('architecture')),
    variant: text(member('variant')),
    os: text(member('os')),
    Size: optional(member('Size'), readInteger) || undefined,
  };
}

/**
 * The steps of an image configuration, the first one first.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseHistory(config: JsonField): readonly HistoryStep[] {
  const steps = optional(membersAnyCase(config)('history'), readList) ?? [];
  return steps.map((field) => optional(field, historyStep) ?? NO_STEP);
}

/** A step as an image configuration has it. */
export function encodeHistoryStep(step: HistoryStep): JsonStruct {
  return {
    created: step.created,
    author: step.author,
    created_by: step.createdBy,
    comment: step.comment,
    empty_layer: step.isEmpty || undefined,
  };
}

function historyStep(field: JsonField): HistoryStep {
  const member = membersAnyCase(field);
  return {
    created: optional(member('created'), readTime) ?? ZERO_TIME,
    createdBy: text(member('created_by')),
    author: text(member('author')),
    comment: text(member('comment')),
    isEmpty: flag(member('empty_layer')) ?? false,
  };
}

function settings(field: JsonField): JsonStruct {
  const member = membersAnyCase(field);
  const string = (name: string): string => text(member(name)) ?? '';
  const boolean = (name: string): boolean => optional(member(name), readBoolean) ?? false;
  return {
    Hostname: string('Hostname'),
    Domainname: string('Domainname'),
    User: string('User'),
    AttachStdin: boolean('AttachStdin'),
    AttachStdout: boolean('AttachStdout'),
    AttachStderr: boolean('AttachStderr'),
    ExposedPorts: omitEmpty(optional(member('ExposedPorts'), readNameSet)),
    Tty: boolean('Tty'),
    OpenStdin: boolean('OpenStdin'),
    StdinOnce: boolean('StdinOnce'),
    Env: optional(member('Env'), readTexts) ?? null,
    Cmd: optional(member('Cmd'), readCommand) ?? null,
    Healthcheck: optional(member('Healthcheck'), healthcheck),
    ArgsEscaped: flag(member('ArgsEscaped')),
    Image: string('Image'),
    Volumes: optional(member('Volumes'), readNameSet) ?? null,
    WorkingDir: string('WorkingDir'),
    Entrypoint: optional(member('Entrypoint'), readCommand) ?? null,
    NetworkDisabled: flag(member('NetworkDisabled')),
    MacAddress: text(member('MacAddress')),
    OnBuild: optional(member('OnBuild'), readTexts) ?? null,
    Labels: optional(member('Labels'), readTextMap) ?? null,
    StopSignal: text(member('StopSignal')),
    StopTimeout: optional(member('StopTimeout'), readInteger),
    Shell: omitEmpty(optional(member('Shell'), readCommand)),
  };
}

function healthcheck(field: JsonField): JsonStruct {
  const member = membersAnyCase(field);
  const integer = (name: string): number | undefined =>
    optional(member(name), readInteger) || undefined;
  return {
    Test: texts(member('Test')),
    StartPeriod: integer('StartPeriod'),
    StartInterval: integer('StartInterval'),
    Interval: integer('Interval'),
    Timeout: integer('Timeout'),
    Retries: integer('Retries'),
  };
}

/** A command was once one string. */
function readCommand(field: JsonField): readonly string[] {
  return typeof field.value === 'string' ? [readString(field)] : readTexts(field);
}

const NO_STEP: HistoryStep = historyStep({ value: {}, document: 'image config', path: '' });
const NO_SETTINGS: JsonStruct = settings({ value: {}, document: 'image config', path: '' });
