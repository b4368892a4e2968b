/**
 * Where the cache is when nobody says.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";

/**
 * `$XDG_CACHE_HOME/oci2rootfs`, else `$HOME/.cache/oci2rootfs` (XDG Base Directory Specification);
 * `null` where neither variable is set or may be read. `variable` answers for the environment.
 */
export function defaultCacheDirectory(
  variable: (name: string) => string | undefined = environmentVariable,
): string | null {
  // A relative path is to be ignored, says the specification.
  const cacheHome = variable("XDG_CACHE_HOME") ?? "";
  if (isAbsolute(cacheHome)) return join(cacheHome, "oci2rootfs");
  const home = variable("HOME") ?? "";
  return isAbsolute(home) ? join(home, ".cache", "oci2rootfs") : null;
}

function environmentVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
