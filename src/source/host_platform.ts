/**
 * The platform that is chosen when none is asked for.
 *
 * @module
 */
import { parsePlatform, type Platform } from "../oci/platform.ts";

/** Linux on the processor of this machine. */
export function hostPlatform(): Platform {
  return parsePlatform(`linux/${Deno.build.arch}`);
}
