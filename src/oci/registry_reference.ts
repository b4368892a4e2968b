/**
 * References to images in registries, as Docker and podman spell them:
 * `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` (distribution-spec "Pulling manifests").
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { parseDigest } from "./digest.ts";
import { quote } from "./quote.ts";

/** A repository: what a registry keeps the versions of one image in. */
export interface Repository {
  /** Name of the registry, with its port if it has one, as `docker.io` or `localhost:5000`. */
  readonly registry: string;
  /** Path inside the registry, as `library/nginx`. */
  readonly path: string;
}

/** A version of an image in a registry. */
export interface RegistryReference {
  /** Where it is. */
  readonly repository: Repository;
  /** Its tag; `null` where only a digest was given. */
  readonly tag: string | null;
  /** Its digest, which decides where there is a tag too; `null` where none was given. */
  readonly digest: string | null;
}

const DOCKER_HUB = "docker.io";
const DEFAULT_TAG = "latest";
/** Longest name of registry and path together, in characters. */
const LONGEST_NAME = 255;

const HOST =
  /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Reads a reference. The registry is Docker Hub where none is named, its path gets `library/` where
 * it has one component, and the tag is `latest` where there is neither tag nor digest.
 *
 * Throws `ImageError` `CORRUPT` when it is malformed, and `UNSUPPORTED` for a digest of an unknown
 * algorithm.
 */
export function parseRegistryReference(text: string): RegistryReference {
  const at = text.indexOf("@");
  const digest = at < 0 ? null : text.slice(at + 1);
  if (digest !== null) parseDigest(digest);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const tag = tagged ? named.slice(colon + 1) : null;
  if (tag !== null) checkTag(tag, text);
  const repository = parseRepository(tagged ? named.slice(0, colon) : named, text);
  return { repository, tag: tag ?? (digest === null ? DEFAULT_TAG : null), digest };
}

/**
 * Throws `ImageError` `CORRUPT` unless `tag` has the form of one; `text` is what it stands in, for
 * the message.
 */
export function checkTag(tag: string, text: string = tag): void {
  if (TAG.test(tag)) return;
  throw malformed(
    text,
    `tag is ${quote(tag)}`,
    "up to 128 letters, digits, dots, dashes or underscores, no dot or dash in front",
  );
}

/** A reference in its full form, as `docker.io/library/nginx:1.27`. */
export function formatRegistryReference(reference: RegistryReference): string {
  const { repository, tag, digest } = reference;
  return formatRepository(repository) + (tag === null ? "" : `:${tag}`) +
    (digest === null ? "" : `@${digest}`);
}

/** A repository in its full form, as `docker.io/library/nginx`. */
export function formatRepository(repository: Repository): string {
  return `${repository.registry}/${repository.path}`;
}

function parseRepository(name: string, text: string): Repository {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  // The first component is a registry when it cannot be the name of a user.
  const isHost = first === "localhost" || /[.:[]/.test(first) || first !== first.toLowerCase();
  let registry = isHost ? first : DOCKER_HUB;
  let path = isHost ? name.slice(slash + 1) : name;
  if (registry === "index.docker.io") registry = DOCKER_HUB;
  if (registry === DOCKER_HUB && !path.includes("/") && path !== "") {
    if (!isHost && /^[0-9a-f]{64}$/.test(path)) {
      throw malformed(text, "it is a bare identifier", "a name");
    }
    path = `library/${path}`;
  }
  if (!HOST.test(registry) || !hasValidPort(registry)) {
    throw malformed(text, `registry is ${quote(registry)}`, "HOST or HOST:PORT");
  }
  const wrong = path.split("/").find((component) => !PATH_COMPONENT.test(component));
  if (wrong !== undefined) {
    throw malformed(
      text,
      `a part of its path is ${quote(wrong)}`,
      "lower-case letters and digits, with single dots, underscores or dashes between them",
    );
  }
  const length = registry.length + 1 + path.length;
  if (length > LONGEST_NAME) {
    throw malformed(text, `its name has ${length} characters`, `at most ${LONGEST_NAME}`);
  }
  return { registry, path };
}

function hasValidPort(host: string): boolean {
  const port = /:([0-9]+)$/.exec(host);
  if (port === null || host.endsWith("]")) return URL.canParse(`https://${host}/`);
  return Number(port[1]) > 0 && URL.canParse(`https://${host}/`);
}

function malformed(text: string, observed: string, expected: string): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read image reference ${quote(text)}: ${observed}, expected ${expected}`,
  );
}
