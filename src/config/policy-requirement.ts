/** What a signature verification policy may require of an image: containers-policy.json(5). */
import { invalidPart, type PolicyPart } from './policy-part.ts';
import {
  atLeastOneOf,
  atMostOneOf,
  checkShape,
  isAnyOf,
  isBase64,
  isFilled,
  isFullName,
  isListOf,
  isName,
  isNamePrefix,
  isSomeOf,
  isText,
  oneOf,
  shapeOfType,
  type Shape,
} from './policy-shape.ts';

export interface PolicyRequirement {
  /** `insecureAcceptAnything`, `reject`, `signedBy`, …, or one that is not known here. */
  readonly type: string;
}

/** By `type`: of which name a signature must speak. */
const IDENTITIES: Readonly<Record<string, Shape>> = {
  matchExact: { members: {} },
  matchRepoDigestOrExact: { members: {} },
  matchRepository: { members: {} },
  exactReference: {
    members: { dockerReference: isFullName },
    rules: [oneOf('dockerReference')],
  },
  exactRepository: { members: { dockerRepository: isName }, rules: [oneOf('dockerRepository')] },
  remapIdentity: {
    members: { prefix: isNamePrefix, signedPrefix: isNamePrefix },
    rules: [oneOf('prefix'), oneOf('signedPrefix')],
  },
};

const FULCIO: Shape = {
  members: { caPath: isFilled, caData: isBase64, oidcIssuer: isFilled, subjectEmail: isFilled },
  rules: [oneOf('caPath', 'caData'), oneOf('oidcIssuer'), oneOf('subjectEmail')],
};

const PKI: Shape = {
  members: {
    caRootsPath: isFilled,
    caRootsData: isBase64,
    caIntermediatesPath: isFilled,
    caIntermediatesData: isBase64,
    subjectEmail: isFilled,
    subjectHostname: isFilled,
  },
  rules: [
    oneOf('caRootsPath', 'caRootsData'),
    atMostOneOf('caIntermediatesPath', 'caIntermediatesData'),
    atLeastOneOf('subjectEmail', 'subjectHostname'),
  ],
};

const REKOR_KEYS = [
  'rekorPublicKeyPath',
  'rekorPublicKeyPaths',
  'rekorPublicKeyData',
  'rekorPublicKeyDatas',
];

/** By `type`. */
const REQUIREMENTS: Readonly<Record<string, Shape>> = {
  insecureAcceptAnything: { members: {} },
  reject: { members: {} },
  signedBy: {
    members: {
      keyType: isAnyOf('GPGKeys', 'signedByGPGKeys', 'X509Certificates', 'signedByX509CAs'),
      keyPath: isFilled,
      keyPaths: isListOf(isText),
      keyData: isBase64,
      signedIdentity: isIdentity,
    },
    rules: [oneOf('keyType'), oneOf('keyPath', 'keyPaths', 'keyData')],
  },
  sigstoreSigned: {
    members: {
      keyPath: isFilled,
      keyPaths: isSomeOf(isText),
      keyData: isBase64,
      keyDatas: isSomeOf(isBase64),
      fulcio: (part) => checkShape(part, FULCIO),
      pki: (part) => checkShape(part, PKI),
      rekorPublicKeyPath: isFilled,
      rekorPublicKeyPaths: isSomeOf(isText),
      rekorPublicKeyData: isBase64,
      rekorPublicKeyDatas: isSomeOf(isBase64),
      signedIdentity: isIdentity,
    },
    rules: [
      oneOf('keyPath', 'keyPaths', 'keyData', 'keyDatas', 'fulcio', 'pki'),
      atMostOneOf(...REKOR_KEYS),
      (has) =>
        has('fulcio') && !REKOR_KEYS.some(has) ? 'fulcio needs the public key of Rekor' : undefined,
      (has) =>
        has('pki') && REKOR_KEYS.some(has) ? 'pki goes without a public key of Rekor' : undefined,
    ],
  },
  signedBaseLayer: {
    members: { baseLayerIdentity: isIdentity },
    rules: [oneOf('baseLayerIdentity')],
  },
};

/**
 * Of a type that is not known, nothing but the type is looked at.
 * @throws OcipushError CONFIG_INVALID
 */
export function parseRequirement(part: PolicyPart): PolicyRequirement {
  const { type, shape } = shapeOfType(part, REQUIREMENTS);
  if (type === '') throw invalidPart(part, 'Unknown policy requirement type ""');
  if (shape) checkShape(part, shape);
  return { type };
}

function isIdentity(part: PolicyPart): void {
  const { type, shape } = shapeOfType(part, IDENTITIES);
  if (shape) return checkShape(part, shape);
  throw invalidPart(part, `Unknown policy reference match type ${JSON.stringify(type)}`);
}
