/** Makes faults happen: each changes the body on its way in or the answer on its way out. */
import { codeOfStatus, content, failure, type Answer, type AnswerHeaders } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { AnswerFault, FaultAction, ResetFault, StallFault, StatusFault } from './faults.ts';

/** What the connection of a request can be made to do. */
export interface Wire {
  /** Ends the connection with RST. */
  reset(): void;
  /** Ends the connection. */
  close(): void;
  /** Settles when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

/** The connection is gone: nobody is left to answer. */
export class ConnectionBroken extends Error {}

type Handle = (exchange: Exchange) => Promise<Answer>;

/** What a fault needs besides the request. */
export interface FaultContext {
  readonly wire: Wire;
  /** To be called when the fault has really happened. */
  readonly fired: () => void;
  /** Ends the token of a request; false when it has none. */
  readonly expireToken: (exchange: Exchange) => boolean;
}

/** Answers a request under a fault. */
export async function answerWithFault(
  action: FaultAction,
  context: FaultContext,
  exchange: Exchange,
  handle: Handle,
): Promise<Answer> {
  if ('status' in action) return answerStatus(action, context, exchange);
  if ('resetAfterBytes' in action) return answerUntilReset(action, context, exchange, handle);
  if ('stallAfterBytes' in action) return answerAfterStall(action, context, exchange, handle);
  if ('corruptBody' in action) {
    return handle({ ...exchange, body: corrupted(exchange.body, context.fired) });
  }
  if ('expireToken' in action) {
    if (context.expireToken(exchange)) context.fired();
    return handle(exchange);
  }
  return spoil(action, context, await handle(exchange));
}

async function answerStatus(
  fault: StatusFault,
  { fired }: FaultContext,
  exchange: Exchange,
): Promise<Answer> {
  if (fault.early !== true) await drain(exchange.body);
  fired();
  if (fault.body === undefined) {
    const { body, headers } = failure(codeOfStatus(fault.status));
    return { status: fault.status, headers: { ...headers, ...fault.headers }, body };
  }
  const type = fault.body.startsWith('<') ? { 'content-type': 'text/html; charset=utf-8' } : {};
  return content(fault.status, Buffer.from(fault.body), { ...type, ...fault.headers });
}

async function answerUntilReset(
  fault: ResetFault,
  { fired, wire }: FaultContext,
  exchange: Exchange,
  handle: Handle,
): Promise<Answer> {
  if (exchange.method === 'GET') {
    const answer = await handle(exchange);
    fired();
    return { ...answer, cutAfterBytes: fault.resetAfterBytes };
  }
  const body = head(exchange.body, fault.resetAfterBytes);
  if (fault.discard !== true) await handle({ ...exchange, body });
  await drain(body);
  fired();
  wire.reset();
  throw new ConnectionBroken('reset on purpose');
}

async function answerAfterStall(
  fault: StallFault,
  { fired, wire }: FaultContext,
  exchange: Exchange,
  handle: Handle,
): Promise<Answer> {
  let hasStalled = false;
  const stall = async (): Promise<void> => {
    if (hasStalled) return;
    hasStalled = true;
    fired();
    await opened(fault.until, wire);
  };
  const body = stalling(exchange.body, fault.stallAfterBytes, stall);
  const answer = await handle({ ...exchange, body });
  await stall();
  return answer;
}

async function drain(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) void chunk;
}

/** The first bytes of a body; where there are fewer, all of them. */
async function* head(body: AsyncIterable<Uint8Array>, count: number): AsyncIterable<Uint8Array> {
  let left = count;
  if (left <= 0) return;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function* stalling(
  body: AsyncIterable<Uint8Array>,
  count: number,
  stall: () => Promise<void>,
): AsyncIterable<Uint8Array> {
  let left = count;
  for await (const chunk of body) {
    const before = chunk.subarray(0, Math.max(0, left));
    const after = chunk.subarray(before.length);
    left -= chunk.length;
    if (before.length > 0) yield before;
    if (left <= 0) await stall();
    if (after.length > 0) yield after;
  }
}

/** Waits for a gate, at most until the connection has ended. */
async function opened(gate: Promise<unknown> | undefined, wire: Wire): Promise<void> {
  const broken = wire.closed.then(() => {
    throw new ConnectionBroken('the client went away');
  });
  await Promise.race(gate === undefined ? [broken] : [gate, broken]);
}

async function* corrupted(
  body: AsyncIterable<Uint8Array>,
  fired: () => void,
): AsyncIterable<Uint8Array> {
  let isFirst = true;
  for await (const chunk of body) {
    if (isFirst) {
      isFirst = false;
      const copy = Uint8Array.from(chunk);
      copy[0] = (copy[0] ?? 0) ^ 1;
      fired();
      yield copy;
    } else {
      yield chunk;
    }
  }
}

async function spoil(
  fault: AnswerFault,
  { fired, wire }: FaultContext,
  answer: Answer,
): Promise<Answer> {
  fired();
  if ('holdAnswer' in fault) {
    await opened(fault.holdAnswer, wire);
    return answer;
  }
  if ('holdAfterBytes' in fault) return { ...answer, holdAfterBytes: fault.holdAfterBytes };
  if ('endlessBody' in fault) return endless(answer);
  if ('closeBeforeAnswer' in fault) {
    wire.close();
    throw new ConnectionBroken('closed on purpose');
  }
  return { ...answer, headers: spoilHeaders(fault, answer.headers) };
}

function endless({ status, headers }: Answer): Answer {
  const { 'content-length': _, ...others } = headers;
  return { status, headers: others, body: Buffer.alloc(64 * 1024, ' '), isEndless: true };
}

function spoilHeaders(
  fault: Exclude<
    AnswerFault,
    | { holdAnswer: unknown }
    | { holdAfterBytes: unknown }
    | { endlessBody: unknown }
    | { closeBeforeAnswer: unknown }
  >,
  headers: AnswerHeaders,
): AnswerHeaders {
  if ('changeHeaders' in fault) return fault.changeHeaders(headers);
  if ('wrongDigestHeader' in fault) {
    return { ...headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` };
  }
  const dropped = fault.dropHeader.toLowerCase();
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== dropped));
}
