/** Finds what registries.conf says of a repository: the rule whose prefix fits it best. */

/** One `[[registry]]` table, as far as it concerns who is spoken to and how. */
export interface RegistryRule {
  /** `host[:port][/path]`, or `*.domain` for all hosts below it. */
  readonly prefix: string;
  /** Where images with the prefix are read from; nothing is ever pushed there instead. */
  readonly location: string;
  /** Neither HTTPS nor a certificate that can be verified is needed. */
  readonly insecure: boolean;
  readonly blocked: boolean;
}

/** The rule with the longest prefix of a repository, `host[:port]/path`. */
export function ruleFor(
  rules: readonly RegistryRule[],
  repository: string,
): RegistryRule | undefined {
  return rules
    .filter(({ prefix }) => isPrefix(prefix, repository))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}

/** A prefix ends where a component ends, also before a port: `a.test` is one of `a.test:5000/x`. */
function isPrefix(prefix: string, repository: string): boolean {
  if (!prefix.startsWith('*.')) return endsComponent(repository, prefix, 0);
  const domain = prefix.slice(1);
  const index = repository.indexOf(domain);
  return (
    index !== -1 &&
    !repository.slice(0, index).includes('/') &&
    endsComponent(repository, domain, index)
  );
}

function endsComponent(text: string, part: string, index: number): boolean {
  return text.startsWith(part, index) && /^[:/@]?$/.test(text.charAt(index + part.length));
}

/** A later rule takes the place of an earlier one for the same prefix. */
export function mergeRegistryRules(
  earlier: readonly RegistryRule[],
  later: readonly RegistryRule[],
): readonly RegistryRule[] {
  return withoutRepetition([...later, ...earlier]);
}

/** The first for each prefix counts. */
export function withoutRepetition(rules: readonly RegistryRule[]): readonly RegistryRule[] {
  const byPrefix = new Map<string, RegistryRule>();
  for (const rule of rules) {
    if (!byPrefix.has(rule.prefix)) byPrefix.set(rule.prefix, rule);
  }
  return [...byPrefix.values()];
}
