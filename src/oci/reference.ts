/**
 * Image names as Docker spells them: `busybox` is short for `docker.io/library/busybox:latest`.
 *
 * @module
 */

const DEFAULT_REGISTRY = "docker.io";

/**
 * The full form of an image name: registry, `library/` for Docker's own, and the tag `latest` where
 * there is neither tag nor digest. Made for comparing names; it does not check the grammar.
 */
export function normalizeImageName(name: string): string {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  // The first component is a registry when it looks like a host; otherwise it is a user name.
  const hasRegistry = first === "localhost" || /[.:]/.test(first);
  let registry = hasRegistry ? first : DEFAULT_REGISTRY;
  let rest = hasRegistry ? name.slice(slash + 1) : name;
  if (registry === "index.docker.io") registry = DEFAULT_REGISTRY;
  if (registry === DEFAULT_REGISTRY && !rest.includes("/")) rest = `library/${rest}`;
  const tagged = rest.includes("@") || rest.lastIndexOf(":") > rest.lastIndexOf("/");
  return `${registry}/${rest}${tagged ? "" : ":latest"}`;
}

/** What follows the last `:` of a name after its last `/`; `null` where there is no tag. */
export function tagOf(name: string): string | null {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(colon + 1) : null;
}
