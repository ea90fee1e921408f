import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policy-json.ts';
import { INVALID_POLICIES, UNCHECKED_REQUIREMENTS } from '../support/policies.ts';

const parse = (text: string) => parsePolicy(Buffer.from(text), '/etc/"p"');

describe('parsePolicy', () => {
  test.each(INVALID_POLICIES)('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        origin: 'config',
        message: expect.stringContaining(message),
        hint: expect.stringMatching(/\S/),
      }),
    );
    expect(() => parse(text)).toThrow(String.raw`invalid policy in "/etc/\"p\"": `);
  });

  test('takes what it says, under every scope', () => {
    const policy = parse(`{
      "default": [{"type": "reject"}],
      "transports": {
        "docker": {
          "": [{"type": "insecureAcceptAnything"}],
          "*.example.com": [{"type": "insecureAcceptAnything"}, {"type": "reject"}]
        },
        "__proto__": {"__proto__": [{"type": "reject"}]},
        "new": {}
      }
    }`);
    const [accept, reject] = [{ type: 'insecureAcceptAnything' }, { type: 'reject' }];
    expect(policy).toEqual({
      file: '/etc/"p"',
      default: [reject],
      transports: new Map([
        [
          'docker',
          new Map([
            ['', [accept]],
            ['*.example.com', [accept, reject]],
          ]),
        ],
        ['__proto__', new Map([['__proto__', [reject]]])],
        ['new', new Map()],
      ]),
    });
  });

  test.each(UNCHECKED_REQUIREMENTS)('takes {%s}', (requirement) => {
    const { type } = JSON.parse(`{${requirement}}`) as { type: string };
    expect(parse(`{"default":[{${requirement}}]}`).default).toEqual([{ type }]);
  });

  test('leaves requirements that it does not know for the images that they are for', () => {
    const { default: requirements } = parse('{"default":[{"type":"blessedBy","saint":1}]}');
    expect(requirements).toEqual([{ type: 'blessedBy' }]);
  });

  test.each([
    ['docker', 'anything at all'],
    ['docker-daemon', 'docker.io/library/x:1'],
    ['docker-daemon', 'sha256:short'],
    ['oci', '/a'],
    ['dir', '/a/b.c/..d'],
    ['containers-storage', '[/a]'],
    ['containers-storage', '[overlay@/a@b]docker.io/library/x:1'],
    ['containers-storage', `[/a]x@${'a'.repeat(64)}`],
    ['containers-storage', `[/a]x:1@sha256:${'a'.repeat(64)}@${'b'.repeat(64)}`],
    ['nobody', 'knows'],
  ])('takes the scope of %s %s', (transport, scope) => {
    const requirements = [{ type: 'reject' }];
    const policy = {
      default: requirements,
      transports: { [transport]: { [scope]: requirements } },
    };
    const { transports } = parse(JSON.stringify(policy));
    expect(transports.get(transport)?.get(scope)).toEqual(requirements);
  });
});
