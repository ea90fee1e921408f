/** Answers that are read whole, up to a limit of their own: manifests, lists of what refers to them. */
import { collect, single } from '../io/bytes.ts';
import { isTransient } from './answer-error.ts';
import type { RegistryClient, ReplayableRequest } from './client.ts';
import type { HttpResponse } from './http.ts';

/** What was answered; the body of the response itself may be gone. */
export interface ReadAnswer {
  readonly response: HttpResponse;
  readonly bytes: Uint8Array;
}

/**
 * Sends a request as often as it takes until its answer is there.
 * @param limit bytes that an answer with status 200 may have
 * @param what the answer is, for errors
 * @throws OcipushError LIMIT_EXCEEDED, or of the last attempt
 */
export function readAnswer(
  client: RegistryClient,
  request: Omit<ReplayableRequest, 'streams'>,
  limit: number,
  what: string,
): Promise<ReadAnswer> {
  // Not `send`, for the connection may break after the answer has begun, too.
  return client.withRetry(
    async () => {
      const response = await client.sendOnce({ ...request, streams: [200] });
      const bytes = await collect(response.stream ?? single(response.body), limit, what);
      return { response, bytes };
    },
    { only: isTransient },
  );
}
