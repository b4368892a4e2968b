/**
 * The places that a repository may be read from, in order: its mirrors, then its registry.
 *
 * @module
 */
import { formatRepository, type Repository } from "../../oci/registry_reference.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  blockedError,
  endpointFor,
  type Mirror,
  type RegistryRule,
  rewrite,
  ruleFor,
} from "./registry_rule.ts";

/** How an image is asked for: some mirrors serve only one of them. */
export type ReferenceKind = "tag" | "digest";

/** Finds endpoints by the rules of the caller and of the machine. */
export class EndpointList {
  readonly #rules: readonly RegistryRule[];
  readonly #mirrors: ReadonlyMap<string, readonly Mirror[]>;
  readonly #insecure: boolean;

  /** `mirrors` of the caller come before those of `rules`; `insecure` is for registries alone. */
  constructor(
    rules: readonly RegistryRule[],
    mirrors: ReadonlyMap<string, readonly Mirror[]>,
    insecure: boolean,
  ) {
    this.#rules = rules;
    this.#mirrors = mirrors;
    this.#insecure = insecure;
  }

  /** All endpoints, the registry last. Throws `RegistryError` where a rule blocks it. */
  endpointsFor(repository: Repository, kind: ReferenceKind): Endpoint[] {
    const name = formatRepository(repository);
    const rule = ruleFor(this.#rules, name);
    if (rule?.isBlocked) throw blockedError(name, rule);
    const given = [...this.#mirrors].filter(([prefix]) =>
      name === prefix || name.startsWith(`${prefix}/`)
    ).sort(([a], [b]) => b.length - a.length)
      .flatMap(([prefix, mirrors]) => mirrors.map((mirror) => endpointFor(name, prefix, mirror)));
    const ruled = (rule?.mirrors ?? []).filter(({ serves }) => serves === "all" || serves === kind)
      .map((mirror) => endpointFor(name, rule!.prefix, mirror));
    const own = rewrite(name, rule);
    return [...given, ...ruled, {
      ...own,
      isInsecure: this.#insecure || (rule?.isInsecure ?? false),
    }];
  }
}
