/**
 * Operating system and processor of an image.
 *
 * @module
 */
import { quote } from "./quote.ts";

/** A platform as in OCI index entries (image-spec `image-index.md`, `platform`). */
export interface Platform {
  /** Operating system, as `linux`. */
  readonly os: string;
  /** Processor in Go's names, as `amd64`, `arm64`. */
  readonly architecture: string;
  /** Variant of the processor, as `v7`. */
  readonly variant?: string;
}

/** Names that other tools use for a processor, with the variant they imply. */
const ARCHITECTURE_ALIASES: ReadonlyMap<string, readonly [string, string]> = new Map([
  ["x86_64", ["amd64", ""]],
  ["x86-64", ["amd64", ""]],
  ["i386", ["386", ""]],
  ["i686", ["386", ""]],
  ["aarch64", ["arm64", ""]],
  ["armhf", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
]);

/**
 * Reads `os/architecture` or `os/architecture/variant` and normalises it.
 *
 * Throws `TypeError` when it has another form.
 */
export function parsePlatform(text: string): Platform {
  if (!/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+){1,2}$/.test(text)) {
    throw new TypeError(
      `Cannot read platform ${quote(text)}: it has another form, expected os/architecture or ` +
        "os/architecture/variant, as linux/arm64",
    );
  }
  const [os, architecture, variant] = text.split("/");
  return normalizePlatform({ os, architecture, variant });
}

/** A platform as text, as `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/**
 * One spelling for each platform, the one containerd uses: `x86_64` is `amd64`, `arm64/v8` is
 * `arm64`, `amd64/v1` is `amd64`, `arm` is `arm/v7`, `armhf` is `arm/v7`, `armel` is `arm/v6`,
 * `macos` is `darwin`.
 */
export function normalizePlatform(platform: Platform): Platform {
  const givenOs = platform.os.toLowerCase();
  const os = givenOs === "macos" ? "darwin" : givenOs;
  let architecture = platform.architecture.toLowerCase();
  let variant = (platform.variant ?? "").toLowerCase();
  const alias = ARCHITECTURE_ALIASES.get(architecture);
  if (alias !== undefined) {
    architecture = alias[0];
    if (alias[1] !== "") variant = alias[1];
  }
  if (/^\d/.test(variant)) variant = `v${variant}`;
  variant = variant.replace(/^(v\d+)\.0$/, "$1");
  if (architecture === "arm" && variant === "") variant = "v7";
  if (architecture === "arm64" && variant === "v8") variant = "";
  if (architecture === "amd64" && variant === "v1") variant = "";
  return variant === "" ? { os, architecture } : { os, architecture, variant };
}

/**
 * The platforms whose programs run on `platform`, best first, each normalised: itself, then older
 * variants of the same processor (`arm/v7`: `v6`, `v5`; `amd64/v3`: `v2`, plain; `arm64/v9`:
 * plain). Another processor is never among them, also where hardware would run it (386 on amd64):
 * that must be asked for.
 */
export function compatiblePlatforms(platform: Platform): Platform[] {
  const { os, architecture, variant = "" } = normalizePlatform(platform);
  return olderVariants(architecture, variant)
    .map((older) => normalizePlatform({ os, architecture, variant: older }));
}

/** `variant` and those it runs, newest first. */
function olderVariants(architecture: string, variant: string): string[] {
  const match = /^v(\d{1,2})(?:\.(\d{1,2}))?$/.exec(variant);
  if (match === null) return [variant];
  const major = Number(match[1]);
  const minor = Number(match[2] ?? 0);
  if (architecture === "amd64") return versionsDown(major, 1);
  if (architecture === "arm") return versionsDown(major, Math.min(major, 5));
  if (architecture !== "arm64") return [variant];
  // Armv9.n has everything that Armv8.(n + 5) has.
  const same = minorsDown(major, minor);
  return major === 9 ? [...same, ...minorsDown(8, minor + 5)] : same;
}

function versionsDown(from: number, to: number): string[] {
  return Array.from({ length: Math.max(1, from - to + 1) }, (_, i) => `v${from - i}`);
}

function minorsDown(major: number, from: number): string[] {
  return Array.from({ length: from + 1 }, (_, i) => `v${major}.${from - i}`);
}

/**
 * How well an image for `offered` serves the wish `wanted`: 0 is exact, higher is an older
 * variant, `null` does not run.
 */
export function platformRank(wanted: Platform, offered: Platform): number | null {
  const name = formatPlatform(normalizePlatform(offered));
  const rank = compatiblePlatforms(wanted).findIndex((it) => formatPlatform(it) === name);
  return rank < 0 ? null : rank;
}
