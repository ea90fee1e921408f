/** Whether the signature verification policy lets an image be pushed. */
import {
  policyPlace,
  requirementsFor,
  type Policy,
  type PolicyIdentity,
} from '../config/policy.ts';
import type { PolicyRequirement } from '../config/policy-requirement.ts';
import { OcipushError } from '../errors.ts';
import type { ImageSource } from '../transports/transport.ts';

/**
 * Goes through all that the policy requires. It looks at no manifest: what holds for a list holds
 * for its instances.
 * @throws OcipushError POLICY_REJECTED for the first requirement that is not met, or that nobody
 * can say whether it is
 */
export function checkPolicy(policy: Policy, { policyIdentity, reference }: ImageSource): void {
  if (policyIdentity === undefined) return;
  const { requirements, place } = requirementsFor(policy, policyIdentity);
  for (const requirement of requirements) {
    const reason = unmet(requirement, reference.toString());
    if (reason === undefined) continue;
    throw new OcipushError('POLICY_REJECTED', `Source image rejected: ${reason}`, {
      origin: 'config',
      hint: `${policy.file} says so under ${place}: ${advice(policyIdentity)}`,
    });
  }
}

/** Why the image does not meet a requirement. */
function unmet({ type }: PolicyRequirement, image: string): string | undefined {
  switch (type) {
    case 'insecureAcceptAnything':
      return undefined;
    case 'reject':
      return `Running image ${image} is rejected by policy.`;
    default:
      return `the policy requires ${JSON.stringify(type)} of ${image}, which ocipush cannot check`;
  }
}

function advice({ transport, scopes }: PolicyIdentity): string {
  const place = policyPlace(transport, scopes[0] ?? '');
  return `accept the image there under ${place}, or name another policy with --signature-policy`;
}
