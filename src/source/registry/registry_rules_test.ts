import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../../image_error.ts";
import { EndpointList } from "./endpoint_list.ts";
import type { Endpoint } from "./endpoint.ts";
import { parseMirrorAddress } from "./mirror_address.ts";
import { parseRegistryRules, readRegistryRules } from "./registries_file.ts";
import { ruleFor } from "./registry_rule.ts";

const rulesOf = (text: string) => parseRegistryRules(new TextEncoder().encode(text), "/r.conf");

/** Endpoints as `[!]HOST/PATH` (`!`: insecure). */
function places(text: string, registry: string, path: string, kind: "tag" | "digest" = "tag") {
  const list = new EndpointList(rulesOf(text), new Map(), false);
  return list.endpointsFor({ registry, path }, kind).map(show);
}

function show({ host, path, isInsecure }: Endpoint): string {
  return `${isInsecure ? "!" : ""}${host}/${path}`;
}

const RULES = `
unqualified-search-registries = ["docker.io"]
short-name-mode = "enforcing"

[[registry]]
prefix = "h.test/foo"
location = "inner.test/bar"
insecure = true

[[registry.mirror]]
location = "m1.test/mirror-of-foo/"
[[registry.mirror]]
location = "m2.test:5000/foo"
insecure = true
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "m3.test/foo"
pull-from-mirror = "tag-only"

[[registry]]
location = "docker.io"
mirror-by-digest-only = true
[[registry.mirror]]
location = "hub.test/proxy"

[[registry]]
prefix = "*.wild.test"
location = "tame.test"

[[registry]]
prefix = "no.test"
blocked = true
`;

Deno.test("endpointsFor() lists mirrors in order and the registry last", () => {
  deepStrictEqual(places(RULES, "h.test", "foo/x"), [
    "m1.test/mirror-of-foo/x",
    "m3.test/foo/x",
    "!inner.test/bar/x",
  ]);
  deepStrictEqual(places(RULES, "h.test", "foo/x", "digest"), [
    "m1.test/mirror-of-foo/x",
    "!m2.test:5000/foo/x",
    "!inner.test/bar/x",
  ]);
  deepStrictEqual(places(RULES, "h.test", "foobar"), ["h.test/foobar"]);
  deepStrictEqual(places(RULES, "docker.io", "library/a"), ["registry-1.docker.io/library/a"]);
  deepStrictEqual(places(RULES, "docker.io", "library/a", "digest"), [
    "hub.test/proxy/library/a",
    "registry-1.docker.io/library/a",
  ]);
  deepStrictEqual(places(RULES, "a.wild.test:5000", "x"), ["tame.test/x"]);
  deepStrictEqual(places(RULES, "wild.test", "x"), ["wild.test/x"]);
  deepStrictEqual(places(RULES, "evilwild.test", "x"), ["evilwild.test/x"]);
  throws(() => places(RULES, "no.test", "x"), /"\/r.conf" blocks "no.test"/);
});

Deno.test("endpointsFor() asks given mirrors first, and marks only the registry insecure", () => {
  const given = new Map([
    ["h.test", ["https://a.test/x", "b.test"].map(parseMirrorAddress)],
    ["h.test/foo", [parseMirrorAddress("http://c.test/y")]],
  ]);
  const list = new EndpointList(rulesOf(RULES), given, true);
  deepStrictEqual(list.endpointsFor({ registry: "h.test", path: "foo/x" }, "tag").map(show), [
    "c.test/y/x",
    "a.test/x/foo/x",
    "b.test/foo/x",
    "m1.test/mirror-of-foo/x",
    "m3.test/foo/x",
    "!inner.test/bar/x",
  ]);
});

Deno.test("ruleFor() takes the longest prefix", () => {
  const rules = rulesOf('[[registry]]\nlocation="a.test"\n[[registry]]\nprefix="a.test/b"');
  strictEqual(ruleFor(rules, "a.test/b/c")?.prefix, "a.test/b");
  strictEqual(ruleFor(rules, "a.test/bc")?.prefix, "a.test");
  strictEqual(ruleFor(rules, "a.testing/b"), null);
});

Deno.test("readRegistryRules() reads the files in their order", () => {
  const rule = (location: string, more = "") => `[[registry]]\nlocation = "${location}"\n${more}`;
  const files: Record<string, string> = {
    "/etc/containers/registries.conf": rule("etc.test"),
    "/etc/containers/registries.conf.d/1.conf": rule("x.test", "blocked = true"),
    "/etc/containers/registries.conf.d/2.conf": rule("x.test"),
    "/etc/containers/registries.conf.d/readme": "no TOML",
    "/h/.config/containers/registries.conf": rule("home.test"),
    "/elsewhere.conf": rule("elsewhere.test"),
  };
  const read = (variables: Record<string, string>) =>
    readRegistryRules({
      variable: (name) => variables[name],
      readFile: (path) => path in files ? new TextEncoder().encode(files[path]) : null,
      listDirectory: (folder) =>
        Object.keys(files).filter((path) => path.startsWith(`${folder}/`))
          .map((path) => path.slice(folder.length + 1)),
    }).map(({ prefix, isBlocked }) => `${prefix}${isBlocked ? " blocked" : ""}`);
  deepStrictEqual(read({}), ["etc.test", "x.test"]);
  deepStrictEqual(read({ HOME: "/h" }), ["home.test", "x.test"]);
  deepStrictEqual(read({ CONTAINERS_REGISTRIES_CONF: "/elsewhere.conf" }), ["elsewhere.test"]);
});

Deno.test("parseRegistryRules() refuses what it cannot understand", () => {
  const bad = [
    "[[registry]",
    '[[registry]]\nlocation = "https://a.test"',
    '[[registry]]\nlocation = "a.test/../b"',
    '[[registry]]\nlocation = "u@a.test"',
    "[[registry]]\ninsecure = true",
    '[[registry]]\nlocation = "a.test"\nblocked = "yes"',
    '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\nlocation = "b.test?x"',
    '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\nlocation = "b"\npull-from-mirror = "x"',
    '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\ninsecure = true',
    "registry = 1",
  ];
  for (const text of bad) {
    throws(
      () => rulesOf(text),
      (error) =>
        error instanceof ImageError && error.code === "CORRUPT" && /r\.conf/.test(error.message),
      text,
    );
  }
  deepStrictEqual(rulesOf(""), []);
});

Deno.test("parseMirrorAddress() takes addresses apart", () => {
  deepStrictEqual(parseMirrorAddress("https://a.test:1/b/c/"), {
    location: "a.test:1/b/c",
    scheme: "https",
    isInsecure: false,
    serves: "all",
  });
  strictEqual(parseMirrorAddress("http://[::1]:5000").location, "[::1]:5000");
  strictEqual(parseMirrorAddress("a.test").scheme, null);
  for (const text of ["", "https://", "ftp://a.test", "https://u:p@a.test", "a.test/?x", "a b"]) {
    throws(() => parseMirrorAddress(text), ImageError, text);
  }
});
