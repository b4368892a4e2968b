/**
 * The settings of podman's family for registries (containers-registries.conf(5), version 2).
 *
 * @module
 */
import { parse } from "smol-toml";
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { optionalText } from "../../oci/fields.ts";
import { checkDocument } from "../../oci/json_document.ts";
import { quote, quoteText } from "../../oci/quote.ts";
import type { Environment } from "./environment.ts";
import { parsePlace } from "./mirror_address.ts";
import type { Mirror, RegistryRule } from "./registry_rule.ts";

const optionalFlag = v.nullish(v.boolean(), false);

const mirrorSchema = v.object({
  location: v.string(),
  insecure: optionalFlag,
  "pull-from-mirror": v.nullish(v.picklist(["", "all", "digest-only", "tag-only"]), ""),
});

const ruleSchema = v.object({
  prefix: optionalText,
  location: optionalText,
  insecure: optionalFlag,
  blocked: optionalFlag,
  "mirror-by-digest-only": optionalFlag,
  mirror: v.nullish(v.array(mirrorSchema), () => []),
});

const fileSchema = v.object({ registry: v.nullish(v.array(ruleSchema), () => []) });

/**
 * The rules of the machine: `$CONTAINERS_REGISTRIES_CONF`, or the person's own
 * `~/.config/containers/registries.conf`, or `/etc/containers/registries.conf`; and what stands in
 * the `registries.conf.d` folders, of which a later rule replaces an earlier one of the same
 * prefix.
 *
 * Throws `ImageError` `CORRUPT` or `LIMIT_EXCEEDED`.
 */
export function readRegistryRules(environment: Environment): RegistryRule[] {
  const rules = new Map<string, RegistryRule>();
  for (const path of filesOf(environment)) {
    const bytes = environment.readFile(path);
    if (bytes === null) continue;
    for (const rule of parseRegistryRules(bytes, path)) rules.set(rule.prefix, rule);
  }
  return [...rules.values()];
}

/** Reads one file. Throws `ImageError` `CORRUPT`. */
export function parseRegistryRules(bytes: Uint8Array, path: string): RegistryRule[] {
  const document = { kind: "settings", name: path };
  const file = checkDocument(fileSchema, parseToml(bytes, path), document);
  return file.registry.map((entry) => {
    const prefix = entry.prefix || entry.location;
    checkPlace(prefix.replace(/^\*\./, ""), path);
    const isMoved = entry.location !== "" && entry.location !== prefix;
    if (isMoved) checkPlace(entry.location, path);
    return {
      prefix,
      location: isMoved ? trimmed(entry.location) : null,
      isInsecure: entry.insecure,
      isBlocked: entry.blocked,
      mirrors: entry.mirror.map((mirror): Mirror => {
        checkPlace(mirror.location, path);
        return {
          location: trimmed(mirror.location),
          scheme: null,
          isInsecure: mirror.insecure,
          serves: servedBy(mirror["pull-from-mirror"], entry["mirror-by-digest-only"]),
        };
      }),
      source: path,
    };
  });
}

function filesOf(environment: Environment): string[] {
  const chosen = environment.variable("CONTAINERS_REGISTRIES_CONF");
  if (chosen !== undefined) return [chosen];
  const home = environment.variable("HOME");
  const own = environment.variable("XDG_CONFIG_HOME") ?? (home && `${home}/.config`);
  const folders = ["/etc/containers", ...(own ? [`${own}/containers`] : [])];
  const main = folders.map((folder) => `${folder}/registries.conf`)
    .findLast((path) => environment.readFile(path) !== null);
  const added = folders.flatMap((folder) =>
    environment.listDirectory(`${folder}/registries.conf.d`)
      .filter((name) => name.endsWith(".conf"))
      .map((name) => `${folder}/registries.conf.d/${name}`)
  );
  return [...(main === undefined ? [] : [main]), ...added];
}

function servedBy(
  choice: "" | "all" | "digest-only" | "tag-only",
  isByDigest: boolean,
): Mirror["serves"] {
  if (choice === "digest-only" || (choice === "" && isByDigest)) return "digest";
  return choice === "tag-only" ? "tag" : "all";
}

/** What becomes part of an address must have its form. */
function checkPlace(place: string, path: string): void {
  if (parsePlace(place) !== null) return;
  throw new ImageError(
    "CORRUPT",
    `Cannot read settings ${quote(path)}: a registry is at ${quote(place)}, expected HOST[/PATH]`,
  );
}

function trimmed(place: string): string {
  return place.replace(/\/+$/, "");
}

function parseToml(bytes: Uint8Array, path: string): unknown {
  try {
    return parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n", 1)[0] : "it is malformed";
    throw new ImageError(
      "CORRUPT",
      `Cannot read settings ${quote(path)}: ${quoteText(reason)}, expected TOML`,
      { cause },
    );
  }
}
