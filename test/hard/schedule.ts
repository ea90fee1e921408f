/** Random schedules of faults, as data that can be printed and made smaller. */
import * as fc from 'fast-check';
import type { AnswerHeaders } from '../support/registry/answer.ts';
import type { Fault, FaultAction, FaultTarget } from '../support/registry/faults.ts';

/** What is pushed, how, and to where. */
export const SCENARIOS = [
  'first push',
  'second push',
  'push with tokens',
  'list',
  'recompressing push',
  'resumed upload',
  'upload in chunks',
] as const;

export type Scenario = (typeof SCENARIOS)[number];

/** The requests that go wrong. */
const REQUESTS = {
  any: {},
  'HEAD manifest': { method: 'HEAD', path: /\/manifests\// },
  'GET manifest': { method: 'GET', path: /\/manifests\// },
  'PUT manifest': { method: 'PUT', path: /\/manifests\// },
  'HEAD blob': { method: 'HEAD', path: /\/blobs\// },
  'start of an upload': { method: 'POST', path: /\/uploads\/$/ },
  'mount of a blob': { method: 'POST', query: /mount=/ },
  'part of a blob': { method: 'PATCH' },
  'end of an upload': { method: 'PUT', path: /\/blobs\// },
  'question for an upload': { method: 'GET', path: /\/uploads\// },
  'end of a session': { method: 'DELETE' },
  token: { path: '/token' },
} as const satisfies Record<string, FaultTarget>;

/** Faults of the registry, and those of them that are no data as data. */
type PlannedAction =
  | Exclude<FaultAction, { holdAnswer: unknown } | { changeHeaders: unknown }>
  | { readonly holdAnswer: 'for ever' }
  | { readonly setHeaders: AnswerHeaders };

export interface PlannedFault {
  readonly request: keyof typeof REQUESTS;
  readonly nth: number;
  readonly times: number;
  readonly action: PlannedAction;
}

export interface Schedule {
  readonly scenario: Scenario;
  readonly uploads: 'distribution-2.8' | 'distribution-3.0';
  readonly relativeLocations: boolean;
  readonly jobs: number;
  /** Of the whole push. */
  readonly retry: number;
  readonly verify: boolean;
  readonly faults: readonly PlannedFault[];
}

const PAGE = '<html><body>Welcome! Please log in.</body></html>';

/** Stands for the address of a host that is no registry of ours. */
const OTHER = '{other}';

const refusal = fc.record(
  {
    status: fc.constantFrom(
      400,
      401,
      403,
      404,
      405,
      408,
      409,
      413,
      415,
      416,
      429,
      500,
      501,
      502,
      503,
      504,
      507,
    ),
    body: fc.constantFrom(
      '',
      PAGE,
      'Too Many Requests',
      '{"errors":[{"code":"DENIED"',
      '[{"errors":null}]',
      ...['BLOB_UPLOAD_UNKNOWN', 'DIGEST_INVALID', 'MANIFEST_INVALID', 'UNAUTHORIZED'].map((code) =>
        JSON.stringify({ errors: [{ code, message: 'no\n\u001B[2J', detail: {} }] }),
      ),
    ),
    headers: fc.constantFrom<AnswerHeaders>(
      { 'retry-after': '0' },
      { 'retry-after': '1' },
      { 'retry-after': 'Thu, 01 Jan 1970 00:00:01 GMT' },
      { 'retry-after': 'soon' },
      { 'www-authenticate': 'Negotiate' },
      { 'www-authenticate': 'Bearer realm="nonsense' },
      { 'content-length': '1' },
    ),
    early: fc.boolean(),
  },
  { requiredKeys: ['status'] },
);

/** A page where an answer should be: that nobody lies who says 201 is what all push on. */
const page = fc.record({
  status: fc.constantFrom(200, 201, 202, 203, 206, 299),
  body: fc.constant(PAGE),
});

const redirect = fc.record({
  status: fc.constantFrom(301, 302, 303, 307, 308),
  body: fc.constant(''),
  headers: fc
    .constantFrom(`${OTHER}/v2/team/app/x`, '/v2/team/app/manifests/1', 'ftp://127.0.0.1/x', '//')
    .map((location) => ({ location })),
});

const setHeaders = fc.record({
  setHeaders: fc.constantFrom<AnswerHeaders>(
    ...['http://[::1', 'ftp://127.0.0.1/x', `${OTHER}/upload`, '/v2/team/app/blobs/uploads/x'].map(
      (location) => ({ location }),
    ),
    ...['sha256:nonsense', `sha512:${'0'.repeat(128)}`].map((digest) => ({
      'docker-content-digest': digest,
    })),
    ...['0-99999999', '0-70000', 'nonsense', '0-0'].map((range) => ({ range })),
    ...['4000', 'many'].map((length) => ({ 'content-length': length })),
    { 'oci-chunk-min-length': 'many' },
    { 'content-type': 'text/html' },
  ),
});

/** Bytes of a small layer, or of a large one. */
const position = fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.nat({ max: 2_500_000 }));

const reset = fc.record({ resetAfterBytes: position, discard: fc.boolean() });

const passing = fc.oneof(
  { arbitrary: refusal, weight: 8 },
  { arbitrary: page, weight: 2 },
  { arbitrary: redirect, weight: 2 },
  { arbitrary: setHeaders, weight: 4 },
  { arbitrary: reset, weight: 5 },
  fc.constantFrom<PlannedAction>(
    { closeBeforeAnswer: true },
    { corruptBody: true },
    { wrongDigestHeader: true },
    { expireToken: true },
    { endlessBody: true },
    ...['location', 'docker-content-digest', 'range', 'content-length', 'www-authenticate'].map(
      (dropHeader) => ({ dropHeader }),
    ),
  ),
);

/** Each costs the time after which it is noticed. */
const halting = fc.oneof(
  fc.constantFrom<PlannedAction>({ holdAnswer: 'for ever' }, { holdAfterBytes: 1 }),
  fc.record({ stallAfterBytes: position }),
);

const aim = fc.constantFrom(...(Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]));
const turn = fc.constantFrom(1, 1, 1, 2, 2, 3, 4, 6);

const fault: fc.Arbitrary<PlannedFault> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      request: aim,
      nth: turn,
      times: fc.constantFrom(1, 1, 1, 1, 2, 3, 6, Infinity),
      action: passing,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      request: aim,
      nth: turn,
      times: fc.constantFrom(1, 1, 2),
      action: halting,
    }),
  },
);

/** What an upload is resumed after. */
const breaking: fc.Arbitrary<PlannedFault> = fc.record({
  request: fc.constantFrom('part of a blob', 'end of an upload'),
  nth: fc.constant(1),
  times: fc.constantFrom(1, 2),
  action: fc.record({ resetAfterBytes: fc.integer({ min: 64 * 1024, max: 160_000 }) }),
});

const common = {
  uploads: fc.constantFrom('distribution-2.8', 'distribution-3.0'),
  relativeLocations: fc.boolean(),
  jobs: fc.constantFrom(1, 6),
  retry: fc.nat({ max: 2 }),
  verify: fc.boolean(),
} as const;

/** One to six faults of a push. */
export const schedule: fc.Arbitrary<Schedule> = fc.oneof(
  {
    weight: SCENARIOS.length - 1,
    arbitrary: fc.record({
      ...common,
      scenario: fc.constantFrom(...SCENARIOS.filter((scenario) => scenario !== 'resumed upload')),
      faults: fc.array(fault, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...common,
      uploads: fc.constant('distribution-3.0' as const),
      scenario: fc.constant('resumed upload' as const),
      faults: fc
        .tuple(breaking, fc.array(fault, { maxLength: 5 }))
        .map(([first, others]) => [first, ...others]),
    }),
  },
);

/** What the registry is told; `other` is the address of a host that is no registry of ours. */
export function faultsOf({ faults }: Schedule, other: string): readonly Fault[] {
  return faults.map(({ request, nth, times, action }) => ({
    on: { ...REQUESTS[request], nth, times },
    do: actionOf(action, other),
  }));
}

function actionOf(action: PlannedAction, other: string): FaultAction {
  if ('holdAnswer' in action) return { holdAnswer: new Promise<never>(() => undefined) };
  if ('setHeaders' in action) {
    const changes = located(action.setHeaders, other);
    return { changeHeaders: (headers) => ({ ...headers, ...changes }) };
  }
  if (!('status' in action) || action.headers === undefined) return action;
  return { ...action, headers: located(action.headers, other) };
}

function located(headers: AnswerHeaders, other: string): AnswerHeaders {
  const { location } = headers;
  return location === undefined
    ? headers
    : { ...headers, location: location.replace(OTHER, other) };
}
