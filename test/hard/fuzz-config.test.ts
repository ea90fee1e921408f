/** The texts of configuration: JSON, policies, places of signatures, variables of proxies. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { parsePolicy, type Policy } from '../../src/config/policy-json.ts';
import { requirementsFor } from '../../src/config/policy.ts';
import { createProxyLookup } from '../../src/config/proxy.ts';
import { parseRegistriesD } from '../../src/config/registries-d-file.ts';
import { warnNobody } from '../../src/config/warn.ts';
import { parseJsonObject } from '../../src/io/bounded-json.ts';
import { parseStrictJson } from '../../src/io/strict-json.ts';
import { UNCHECKED_REQUIREMENTS } from '../support/policies.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';
import { textBytes, texts } from './mutations.ts';

const POLICIES = UNCHECKED_REQUIREMENTS.map((requirement) =>
  JSON.stringify({
    default: [{ type: 'reject' }],
    transports: { docker: { 'a.b/c': [JSON.parse(`{${requirement}}`)], '': [{ type: 'reject' }] } },
  }),
);

const REGISTRIES_D = `default-docker: &d
  lookaside: https://a.b/c
  lookaside-staging: file:///var/x
docker:
  a.b/c: *d
  "*.e.f": {use-sigstore-attachments: yes, <<: *d}
`;

function checkDecision(policy: Policy): void {
  const scopes = ['a.b/c:1', 'a.b/c', 'a.b'];
  assert.ok(requirementsFor(policy, { transport: 'docker', scopes }).requirements.length > 0);
}

const TEXTS = [
  refusing('JSON', {
    inputs: json(POLICIES),
    read: (input) => parseJsonObject(input, 'x'),
    refusals: ['JSON_INVALID'],
  }),
  refusing('JSON that names nothing twice', {
    inputs: json(POLICIES),
    read: (input) => parseStrictJson(input, 'x'),
    refusals: ['JSON_INVALID'],
  }),
  refusing('policy.json', {
    inputs: json(POLICIES),
    read: (input) => checkDecision(parsePolicy(input, 'x')),
    refusals: ['CONFIG_INVALID'],
  }),
  refusing('registries.d', {
    inputs: textBytes([REGISTRIES_D]),
    read: (input) => parseRegistriesD(input, 'x', warnNobody),
    refusals: ['CONFIG_INVALID'],
    examples: [Buffer.from('docker: &a [*a]'), Buffer.from('docker: {a: {lookaside: &b [*b]}}')],
  }),
  refusing('variables of proxies', {
    inputs: fc.tuple(
      texts(['http://user:pass@a.b:1', 'https://[::1]:2/', 'a.b:3', '']),
      texts(['.a.b,10.0.0.0/8,*.c.d:80', '[::1]:1,fe80::/10,1.2.3.4', '*']),
    ),
    read: ([proxy, exceptions]) => {
      const lookup = createProxyLookup({ HTTPS_PROXY: proxy, no_proxy: exceptions });
      for (const host of ['x.a.b', '10.1.2.3', '[fe80::1]:5']) {
        const found = lookup(new URL(`https://${host}/`));
        assert.match(found?.protocol ?? 'http:', /^https?:$/);
      }
    },
    refusals: ['CONFIG_INVALID'],
  }),
];

fuzzAll('configuration', TEXTS, { suite: 300, night: 8000 });
