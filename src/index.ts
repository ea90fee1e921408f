/** The library: pushing images from a program. */
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
export { parseRecipient, type Recipient } from './transforms/encrypt/recipient.ts';
