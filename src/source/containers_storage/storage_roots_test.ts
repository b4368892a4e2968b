import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { Environment } from "../registry/environment.ts";
import { findStorageRoots } from "./storage_roots.ts";

function machine(
  variables: Record<string, string>,
  files: Record<string, string> = {},
): Environment {
  return {
    variable: (name) => variables[name],
    readFile: (path) => path in files ? new TextEncoder().encode(files[path]) : null,
    listDirectory: () => [],
  };
}

const HOME = { HOME: "/home/a", USER: "a" };

Deno.test("findStorageRoots() knows where the storage of root and of users is", () => {
  strictEqual(findStorageRoots(machine(HOME), 0).root, "/var/lib/containers/storage");
  strictEqual(
    findStorageRoots(machine(HOME), 1000).root,
    "/home/a/.local/share/containers/storage",
  );
  strictEqual(
    findStorageRoots(machine({ ...HOME, XDG_DATA_HOME: "/data" }), 1000).root,
    "/data/containers/storage",
  );
});

Deno.test("findStorageRoots() reads the first storage.conf", () => {
  const system = `[storage]
driver = "overlay"
graphroot = "/srv/root"
rootless_storage_path = "/srv/$USER/$UID"
[storage.options]
additionalimagestores = ["/srv/shared"]
`;
  const own = `[storage]\ngraphroot = "$HOME/images"\n`;
  const files = {
    "/usr/share/containers/storage.conf": `[storage]\ngraphroot = "/never"\n`,
    "/etc/containers/storage.conf": system,
  };
  deepStrictEqual(findStorageRoots(machine(HOME, files), 0), {
    root: "/srv/root",
    additional: ["/srv/shared"],
  });
  strictEqual(findStorageRoots(machine(HOME, files), 1000).root, "/srv/a/1000");
  const both = { ...files, "/home/a/.config/containers/storage.conf": own };
  strictEqual(findStorageRoots(machine(HOME, both), 1000).root, "/home/a/images");
  strictEqual(findStorageRoots(machine(HOME, both), 0).root, "/srv/root");
  const chosen = machine({ ...HOME, CONTAINERS_STORAGE_CONF: "/x" }, { "/x": own });
  strictEqual(findStorageRoots(chosen, 0).root, "/home/a/images");
  const empty = machine(HOME, { "/etc/containers/storage.conf": "" });
  strictEqual(findStorageRoots(empty, 0).root, "/var/lib/containers/storage");
});

Deno.test("findStorageRoots() refuses other drivers and what is no TOML", () => {
  const conf = (text: string) => machine(HOME, { "/etc/containers/storage.conf": text });
  throws(() => findStorageRoots(conf(`[storage]\ndriver = "btrfs"\n`), 0), {
    code: "UNSUPPORTED",
    message: /its driver is "btrfs"/,
  });
  throws(() => findStorageRoots(conf("[storage\n"), 0), { code: "CORRUPT", message: /TOML/ });
  throws(() => findStorageRoots(conf("storage = 1\n"), 0), { code: "CORRUPT" });
});
