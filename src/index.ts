/** The library: pushing images from a program, and logging in for it. */
export { OcipushError, type ErrorCode, type ErrorDetails, type ErrorOrigin } from './errors.ts';
export type { CompressionWish, EncryptionWish, ImageFormat, PushOptions } from './push/options.ts';
export type { ProgressEvent } from './push/progress.ts';
export { pushImage as push, type PushImageRequest } from './push/push-image.ts';
export type {
  BlobEntry,
  DestinationReport,
  ErrorReport,
  FailedReport,
  PushReport,
  ReachedReport,
  RetryReport,
} from './push/report.ts';
export { loginTo as login, type LoginToRequest } from './registry/login-to.ts';
export { parseRecipient, type Recipient } from './transforms/encrypt/recipient.ts';
