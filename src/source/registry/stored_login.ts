/**
 * Logins in files: Docker's `config.json` and podman's `auth.json` (containers-auth.json(5)).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { optionalText } from "../../oci/fields.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import { checkToken, type Credential } from "./credential.ts";

/** A user name that stands for a token instead of a password. */
export const TOKEN_USER = "<token>";
/** The name by which Docker's tools know Docker Hub. */
export const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

const entrySchema = v.object({
  auth: optionalText,
  username: optionalText,
  password: optionalText,
  identitytoken: optionalText,
  registrytoken: optionalText,
});

const fileSchema = v.object({
  auths: v.nullish(v.record(v.string(), v.nullish(entrySchema)), () => ({})),
  credHelpers: v.nullish(v.record(v.string(), v.string()), () => ({})),
  credsStore: optionalText,
});

/** What a file says. */
export interface LoginFile {
  /** Where it is, for messages. */
  readonly path: string;
  /** Logins by `registry` or `registry/path`; no entry is without a login. */
  readonly logins: ReadonlyMap<string, Credential>;
  /** Programs that have logins, by registry. */
  readonly programs: ReadonlyMap<string, string>;
  /** The program that has those of all other registries; `null` where there is none. */
  readonly program: string | null;
}

/**
 * Reads a file of logins.
 *
 * Throws `ImageError` `CORRUPT` or `LIMIT_EXCEEDED`; no message repeats what stands in the file.
 */
export function parseLoginFile(bytes: Uint8Array, path: string): LoginFile {
  const document = { kind: "login file", name: path };
  let value: v.InferOutput<typeof fileSchema>;
  try {
    value = checkDocument(fileSchema, parseJson(bytes, document), document);
  } catch (error) {
    if (error instanceof ImageError && error.code !== "CORRUPT") throw error;
    throw new ImageError(
      "CORRUPT",
      `Cannot read login file ${quote(path)}: it is malformed, expected JSON as docker login ` +
        "writes it",
    );
  }
  const logins = new Map<string, Credential>();
  for (const [key, entry] of Object.entries(value.auths)) {
    const credential = entry == null ? null : credentialOf(entry, key, path);
    if (credential !== null) logins.set(registryKey(key), credential);
  }
  const programs = new Map(
    Object.entries(value.credHelpers).map(([key, program]) => [registryKey(key), program]),
  );
  return { path, logins, programs, program: value.credsStore || null };
}

/** Names under which a login for `registry/path` may stand, the closest first. */
export function loginNames(name: string): string[] {
  const names: string[] = [];
  for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) {
    names.push(name.slice(0, end));
  }
  return names;
}

/** Old files have whole addresses for keys: only the server's name counts then. */
function registryKey(key: string): string {
  const match = /^https?:\/\/([^/]*)/.exec(key);
  const name = match === null ? key : match[1];
  const [registry, ...path] = name.split("/");
  const isHub = registry === "index.docker.io" || registry === "registry-1.docker.io";
  // Keys without a scheme may have a path, but `v1` and `v2` are no part of a name.
  const rest = path.join("/").replace(/^v[12]\/?$/, "");
  return (isHub ? "docker.io" : registry) + (rest === "" ? "" : `/${rest}`);
}

function credentialOf(
  entry: v.InferOutput<typeof entrySchema>,
  key: string,
  path: string,
): Credential | null {
  if (entry.registrytoken !== "") {
    checkToken(entry.registrytoken, `registrytoken of ${quote(key)} in ${quote(path)}`);
    return { kind: "bearer", token: entry.registrytoken };
  }
  if (entry.identitytoken !== "") return { kind: "identity", token: entry.identitytoken };
  if (entry.auth === "") return passwordOrToken(entry.username, entry.password);
  const decoded = Buffer.from(entry.auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  if (colon < 0) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read login file ${quote(path)}: auth of ${quote(key)} is malformed, expected ` +
        "user and password in base64",
    );
  }
  return passwordOrToken(decoded.slice(0, colon), decoded.slice(colon + 1));
}

/** The credential for a user and a secret; `null` where there are none. */
export function passwordOrToken(username: string, secret: string): Credential | null {
  if (username === "" && secret === "") return null;
  return username === TOKEN_USER
    ? { kind: "identity", token: secret }
    : { kind: "password", username, password: secret };
}
