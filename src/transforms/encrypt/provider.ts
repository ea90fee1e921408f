/** Lets key providers wrap keys of layers: programs and services in the protocol of ocicrypt. */
import { readKeyProvider, type KeyProvider } from '../../config/keyprovider-config.ts';
import { memberOf, parseSecretJson } from '../../config/secret-json.ts';
import { OcipushError, wrapError } from '../../errors.ts';
import { isJsonObject } from '../../io/bounded-json.ts';
import { askCommand } from './provider-command.ts';
import { callGrpc } from './provider-grpc.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';
import type { RecipientOf } from './recipient.ts';

const ANNOTATION = 'org.opencontainers.image.enc.keys.provider.';

/**
 * One wrapper for each provider.
 * @throws OcipushError CONFIG_INVALID for one that is not configured
 */
export async function openProviderWrappers(
  recipients: readonly RecipientOf<'provider'>[],
  context: KeyContext,
): Promise<readonly KeyWrapper[]> {
  const names = [...new Set(recipients.map(({ name }) => name))];
  return Promise.all(
    names.map(async (name) => {
      const provider = await readKeyProvider(name, context.environment);
      const parameters = recipients
        .filter((recipient) => recipient.name === name)
        .map(({ parameter }) => parameter);
      return {
        annotation: `${ANNOTATION}${name}`,
        wrap: async (payload) => {
          const request = wrapRequest(name, parameters, payload);
          const answer = await ask(provider, request, context).catch((error: unknown) => {
            context.signal.throwIfAborted();
            throw wrapError(error, `wrapping a key with provider ${name}`, {
              code: 'KEY_INVALID',
              origin: 'config',
            });
          });
          return annotationIn(answer, name);
        },
      };
    }),
  );
}

function ask(provider: KeyProvider, request: Uint8Array, context: KeyContext): Promise<Uint8Array> {
  return provider.kind === 'command'
    ? askCommand(provider, request, context)
    : callGrpc(provider, request, context.signal);
}

/**
 * The request in JSON (keyprovider.go). The reference tells every provider about all recipients; what
 * the others are is nothing to this one.
 */
function wrapRequest(name: string, parameters: readonly string[], payload: Uint8Array): Uint8Array {
  const encoded = parameters.map((parameter) => Buffer.from(parameter).toString('base64'));
  const request = {
    op: 'keywrap',
    keywrapparams: {
      ec: { Parameters: { [name]: encoded }, DecryptConfig: { Parameters: {} } },
      optsdata: Buffer.from(payload).toString('base64'),
    },
    keyunwrapparams: { dc: null, annotation: null },
  };
  return Buffer.from(JSON.stringify(request));
}

/** @throws OcipushError KEY_INVALID without an annotation in the answer */
function annotationIn(answer: Uint8Array, name: string): Uint8Array {
  const hint = `see whether ${name} knows the parameter that stands behind its name`;
  const results = memberOf(parseSecretJson(answer, `answer of ${name}`, hint), 'keywrapresults');
  const annotation = isJsonObject(results) ? memberOf(results, 'annotation') : undefined;
  const bytes = Buffer.from(typeof annotation === 'string' ? annotation : '', 'base64');
  if (bytes.length > 0) return bytes;
  throw new OcipushError('KEY_INVALID', `no wrapped keys produced by provider ${name}`, {
    origin: 'config',
    hint,
  });
}
