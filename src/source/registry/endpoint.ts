/**
 * One place that a repository may be read from: its registry, or a mirror of it.
 *
 * @module
 */

/** A server and the path of the repository on it. */
export interface Endpoint {
  /** `HOST` or `HOST:PORT`, as it stands in a URL. */
  readonly host: string;
  /** How to talk to it; `null` where that is found out. */
  readonly scheme: "https" | "http" | null;
  /** Its certificate is not verified, and plain http is allowed. */
  readonly isInsecure: boolean;
  /** Path of the repository on this server. */
  readonly path: string;
  /** `registry/path` under which credentials are looked up. */
  readonly credentialName: string;
  /** `false` for the registry itself, which is the last to be asked. */
  readonly isMirror: boolean;
}

/** The endpoint's own address for messages and logs. */
export function endpointName(endpoint: Endpoint): string {
  return `${endpoint.host}/${endpoint.path}`;
}
