/**
 * `NAME[@NAMESPACE]` and `DIGEST[@NAMESPACE]`.
 *
 * @module
 */

/** What a reference to an image of containerd says. */
export interface ContainerdReference {
  /** A name or a digest; `null` where there is none. */
  readonly name: string | null;
  /** A namespace; `null` where none is named. */
  readonly namespace: string | null;
}

/** What containerd accepts as a namespace; a digest behind an `@` has a colon. */
const NAMESPACE = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

/** Takes a reference apart. */
export function parseContainerdReference(text: string): ContainerdReference {
  const at = text.lastIndexOf("@");
  const last = text.slice(at + 1);
  if (at === -1 || !NAMESPACE.test(last)) return { name: text || null, namespace: null };
  return { name: text.slice(0, at) || null, namespace: last };
}
