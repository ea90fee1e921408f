/** Has the user confirm who they are in a browser on any device (RFC 8628). */
import type { JsonObject } from '../../io/bounded-json.ts';
import { checkAudience, type IdentityToken } from './identity-token.ts';
import {
  clientFields,
  createCodeProof,
  discoverEndpoints,
  oauthError,
  readTokenAnswer,
  SCOPE,
  sendForm,
  type OidcClient,
} from './oidc-provider.ts';
import { answerObject, badAnswer, type ServiceOptions } from './service.ts';

const STARTING = 'starting the OIDC device flow';
const WAITING = 'waiting for the OIDC device flow';

const RETRY = 'enter the code that is shown, with a user whom the provider knows';

/** Seconds between questions when the provider does not say (RFC 8628, 3.2), and at most. */
const INTERVAL = 5;
const LONGEST_INTERVAL = 60;
/** Seconds that are added when the provider is asked too often (RFC 8628, 3.5). */
const SLOWER = 5;
/** Seconds that a user is waited for at most, whatever the provider says. */
const LONGEST_WAIT = 1800;

interface DeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly page: URL;
  /** Seconds. */
  readonly lifetime: number;
  readonly interval: number;
}

/**
 * @param tell says to the user what to do
 * @throws OcipushError SIGNING_FAILED, also when the user refuses or takes too long
 */
export async function runDeviceFlow(
  client: OidcClient,
  tell: (message: string) => void,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<IdentityToken> {
  const endpoints = await discoverEndpoints(client, options, signal);
  if (endpoints.deviceAuthorization === undefined) {
    throw badAnswer(STARTING, 'the provider does not support it', 'try oidcMode: interactive');
  }
  const proof = createCodeProof();
  const start = { url: endpoints.deviceAuthorization, attempt: STARTING };
  const fields = {
    ...clientFields(client),
    scope: SCOPE,
    code_challenge_method: 'S256',
    code_challenge: proof.challenge,
  };
  const response = await sendForm(start, fields, options, signal);
  const error = oauthError(response, STARTING);
  if (error !== undefined) throw badAnswer(STARTING, `the provider answered ${error}`);
  const code = readDeviceCode(answerObject(response, STARTING));
  tell(`Enter the verification code ${code.userCode} in your browser at: ${code.page.href}`);
  tell(`Code will be valid for ${code.lifetime} seconds`);
  const question = {
    ...clientFields(client),
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: code.deviceCode,
    scope: SCOPE,
    code_verifier: proof.verifier,
  };
  const token = await poll({ url: endpoints.token, question, code }, options, signal);
  checkAudience(token, client);
  return token;
}

async function poll(
  { url, question, code }: { url: URL; question: Record<string, string>; code: DeviceCode },
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<IdentityToken> {
  const { clock } = options;
  const end = clock.now() + code.lifetime * 1000;
  let { interval } = code;
  while (clock.now() < end) {
    await clock.sleep(interval * 1000, signal);
    const response = await sendForm({ url, attempt: WAITING }, question, options, signal);
    const error = oauthError(response, WAITING);
    if (error === undefined) return readTokenAnswer(response, WAITING);
    if (error === 'slow_down') interval += SLOWER;
    else if (error !== 'authorization_pending') {
      throw badAnswer(WAITING, `it ended with ${error}`, RETRY);
    }
  }
  throw badAnswer(WAITING, 'the code was not entered in time', RETRY);
}

function readDeviceCode(answer: JsonObject): DeviceCode {
  const { device_code: deviceCode, user_code: userCode, verification_uri: page } = answer;
  // What is shown may not speak to the terminal.
  if (typeof userCode !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(userCode)) {
    throw badAnswer(STARTING, 'the answer holds no code for the user');
  }
  if (typeof deviceCode !== 'string') throw badAnswer(STARTING, 'the answer holds no device code');
  if (typeof page !== 'string' || !/^https?:/.test(page) || !URL.canParse(page)) {
    throw badAnswer(STARTING, 'the answer holds no address for the user');
  }
  const lifetime = secondsAt(answer, 'expires_in', LONGEST_WAIT, LONGEST_WAIT);
  const interval = secondsAt(answer, 'interval', INTERVAL, LONGEST_INTERVAL);
  return { deviceCode, userCode, page: new URL(page), lifetime, interval };
}

function secondsAt(answer: JsonObject, name: string, usual: number, most: number): number {
  const value = answer[name] ?? usual;
  if (typeof value !== 'number' || !(value > 0)) throw badAnswer(STARTING, `${name} is no time`);
  return Math.min(value, most);
}
