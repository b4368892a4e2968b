/**
 * Rules for the registries whose names begin in some way (containers-registries.conf(5)).
 *
 * @module
 */
import { quote } from "../../oci/quote.ts";
import type { Endpoint } from "./endpoint.ts";
import { RegistryError } from "./registry_error.ts";

/** A server with the same repositories, below `location`. */
export interface Mirror {
  /** `HOST[:PORT][/PATH]`, which takes the place of the rule's prefix. */
  readonly location: string;
  /** `https` or `http` where that is fixed. */
  readonly scheme: "https" | "http" | null;
  /** Its certificate is not verified, and plain http is allowed. */
  readonly isInsecure: boolean;
  /** What it is asked for. */
  readonly serves: "all" | "tag" | "digest";
}

/** What holds for all repositories whose names begin with `prefix`. */
export interface RegistryRule {
  /** Beginning of `registry/path`, or `*.DOMAIN` for all its subdomains. */
  readonly prefix: string;
  /** What takes the prefix's place; `null` where it stays. */
  readonly location: string | null;
  /** Certificates are not verified, and plain http is allowed. */
  readonly isInsecure: boolean;
  /** Nothing may be read. */
  readonly isBlocked: boolean;
  /** Tried in this order before the registry. */
  readonly mirrors: readonly Mirror[];
  /** The file that says so, for messages. */
  readonly source: string;
}

/** The rule with the longest prefix of `name` (`registry/path`); `null` where none fits. */
export function ruleFor(rules: readonly RegistryRule[], name: string): RegistryRule | null {
  let best: RegistryRule | null = null;
  for (const rule of rules) {
    if (matchLength(rule.prefix, name) === 0) continue;
    if (best === null || rule.prefix.length > best.prefix.length) best = rule;
  }
  return best;
}

/** The registry itself, with what a rule says of its place; whether it is insecure is left open. */
export function rewrite(name: string, rule: RegistryRule | null): Endpoint {
  const isMoved = rule !== null && rule.location !== null;
  const moved = isMoved ? rule.location + name.slice(matchLength(rule.prefix, name)) : name;
  return { ...endpointAt(moved), scheme: null, isInsecure: false, isMirror: false };
}

/** The repository `name` on a mirror of `prefix`. */
export function endpointFor(name: string, prefix: string, mirror: Mirror): Endpoint {
  const place = mirror.location + name.slice(matchLength(prefix, name));
  const { scheme, isInsecure } = mirror;
  return { ...endpointAt(place), scheme, isInsecure, isMirror: true };
}

/** The error for a repository that a rule blocks. */
export function blockedError(name: string, rule: RegistryRule): RegistryError {
  return new RegistryError(
    `Cannot read image ${quote(name)}: ${quote(rule.source)} blocks ${quote(rule.prefix)}, ` +
      "expected a registry that is allowed",
  );
}

/** Characters of `name` that `prefix` stands for; 0 where it does not fit. */
function matchLength(prefix: string, name: string): number {
  if (prefix.startsWith("*.")) {
    const end = name.indexOf("/");
    const host = name.slice(0, end).replace(/:[0-9]+$/, "");
    // As for certificates, the domain itself is not one of its subdomains.
    const isBelow = host.endsWith(prefix.slice(1)) && host.length > prefix.length - 1;
    return isBelow ? end : 0;
  }
  if (!name.startsWith(prefix)) return 0;
  const next = name.charAt(prefix.length);
  return next === "" || next === "/" ? prefix.length : 0;
}

function endpointAt(place: string): Pick<Endpoint, "host" | "path" | "credentialName"> {
  const slash = place.indexOf("/");
  if (slash < 0) {
    throw new RegistryError(
      `Cannot use mirror ${quote(place)}: it has no repository, expected HOST/PATH as the prefix ` +
        "that it stands for has",
    );
  }
  const registry = place.slice(0, slash);
  return {
    // Docker Hub answers elsewhere than its name says.
    host: registry === "docker.io" ? "registry-1.docker.io" : registry,
    path: place.slice(slash + 1),
    credentialName: place,
  };
}
