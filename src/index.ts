/** The library: pushing images from a program, and logging in for it. */
export { authFileToChange, type AuthFileTarget } from './config/auth-file-paths.ts';
export type { AuthStore } from './config/auth-store.ts';
export { ACCEPT_ANYTHING, readPolicy, type Policy, type PolicyPlaces } from './config/policy.ts';
export { OcipushError, type ErrorCode, type ErrorDetails, type ErrorOrigin } from './errors.ts';
export { NO_CACHE, openBlobCache, type BlobCache } from './push/blob-cache.ts';
export type { PushOptions, PushResult } from './push/options.ts';
export type { ProgressEvent, ProgressSink } from './push/progress.ts';
export { push, type PushOutcome, type PushRequest } from './push/push.ts';
export { login, type LoginRequest } from './registry/login.ts';
export { parseRecipient, type Recipient } from './transforms/encrypt/recipient.ts';
export { parseDestinationReference, parseSourceReference } from './transports/references.ts';
