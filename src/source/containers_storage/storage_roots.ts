/**
 * Where Podman, Buildah and CRI-O keep their storage (containers-storage.conf(5)).
 *
 * @module
 */
import { parse } from "smol-toml";
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { optionalText, optionalTexts } from "../../oci/fields.ts";
import { checkDocument } from "../../oci/json_document.ts";
import { quote, quoteText } from "../../oci/quote.ts";
import { storageDriverOf } from "./storage_driver.ts";
import type { Environment } from "../registry/environment.ts";

/** Directories that images are looked for in. */
export interface StorageRoots {
  /** The storage. */
  readonly root: string;
  /** Further ones, which are only read (`additionalimagestores`). */
  readonly additional: readonly string[];
}

const fileSchema = v.object({
  storage: v.nullish(
    v.object({
      driver: optionalText,
      graphroot: optionalText,
      rootless_storage_path: optionalText,
      options: v.nullish(v.object({ additionalimagestores: optionalTexts }), () => ({
        additionalimagestores: [],
      })),
    }),
    null,
  ),
});

/**
 * The storage of the user `uid` on this machine, from `$CONTAINERS_STORAGE_CONF`, or the first of
 * the files `storage.conf` that is there.
 *
 * Throws `ImageError` `CORRUPT` for a file that is malformed, `UNSUPPORTED` for another driver.
 */
export function findStorageRoots(environment: Environment, uid: number): StorageRoots {
  const isRoot = uid === 0;
  const home = environment.variable("HOME") ?? "";
  const own = environment.variable("XDG_DATA_HOME") ?? `${home}/.local/share`;
  const fallback = isRoot ? "/var/lib/containers/storage" : `${own}/containers/storage`;
  for (const { path, isOwn } of filesOf(environment, isRoot, home)) {
    const bytes = environment.readFile(path);
    if (bytes === null) continue;
    const document = { kind: "settings", name: path };
    const { storage } = checkDocument(fileSchema, parseToml(bytes, path), document);
    if (storage === null) return { root: fallback, additional: [] };
    expectDriver(environment.variable("STORAGE_DRIVER") ?? storage.driver, path);
    // The machine's file says under another name where users have theirs.
    const named = isRoot || isOwn ? storage.graphroot : storage.rootless_storage_path;
    return {
      root: expand(named, environment, uid) || fallback,
      additional: storage.options.additionalimagestores,
    };
  }
  return { root: fallback, additional: [] };
}

function filesOf(
  environment: Environment,
  isRoot: boolean,
  home: string,
): { readonly path: string; readonly isOwn: boolean }[] {
  const chosen = environment.variable("CONTAINERS_STORAGE_CONF");
  if (chosen !== undefined) return [{ path: chosen, isOwn: true }];
  const folder = environment.variable("XDG_CONFIG_HOME") ?? `${home}/.config`;
  return [
    ...(isRoot ? [] : [{ path: `${folder}/containers/storage.conf`, isOwn: true }]),
    { path: "/etc/containers/storage.conf", isOwn: false },
    { path: "/usr/share/containers/storage.conf", isOwn: false },
  ];
}

function expectDriver(driver: string, path: string): void {
  if (driver === "" || storageDriverOf(driver) !== null) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot open storage of ${quote(path)}: its driver is ${
      quote(driver)
    }, expected overlay or vfs`,
  );
}

/** `$HOME`, `$UID` and `$USER` in a path. */
function expand(path: string, environment: Environment, uid: number): string {
  return path.replace(
    /\$(HOME|UID|USER)\b/g,
    (_, name: string) => name === "UID" ? `${uid}` : environment.variable(name) ?? "",
  );
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
