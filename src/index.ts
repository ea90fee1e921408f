/** The library: pushing images from a program. */
export { ACCEPT_ANYTHING, readPolicy, type Policy, type PolicyPlaces } from './config/policy.ts';
export { OcipushError, type ErrorCode, type ErrorDetails, type ErrorOrigin } from './errors.ts';
export { NO_CACHE, openBlobCache, type BlobCache } from './push/blob-cache.ts';
export type { PushOptions, PushResult } from './push/options.ts';
export type { ProgressEvent, ProgressSink } from './push/progress.ts';
export { push, type PushOutcome, type PushRequest } from './push/push.ts';
export { reportOf, type PushNotes, type PushReport } from './push/report.ts';
export { parseDestinationReference, parseSourceReference } from './transports/references.ts';
