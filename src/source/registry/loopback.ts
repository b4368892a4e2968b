/**
 * Whether a host is this machine: there, plain http hides nothing from anybody.
 *
 * @module
 */

/** Whether `hostname` (of a URL, so normalised) is an address of this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" ||
    /^127(?:\.[0-9]{1,3}){3}$/.test(hostname);
}
