import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ImageError } from "../../image_error.ts";
import { CredentialFinder } from "./credential_finder.ts";
import { loginNames, parseLoginFile } from "./stored_login.ts";

const auth = (text: string) => Buffer.from(text).toString("base64");
const read = (file: unknown) =>
  parseLoginFile(new TextEncoder().encode(JSON.stringify(file)), "/f.json");

Deno.test("parseLoginFile() reads every form of a login", () => {
  const { logins, programs, program } = read({
    auths: {
      "a.test": { auth: auth("user:pass:word") },
      "https://b.test/v1/": { username: "u", password: "p" },
      "http://c.test:5000/v2": { identitytoken: "i", auth: auth("u:p") },
      "d.test/team/x": { registrytoken: "r" },
      "https://index.docker.io/v1/": { auth: auth("<token>:t") },
      "empty.test": {},
      "null.test": null,
    },
    credHelpers: { "e.test": "one", "index.docker.io": "two" },
    credsStore: "three",
    HttpHeaders: { "User-Agent": "x" },
  });
  deepStrictEqual(Object.fromEntries(logins), {
    "a.test": { kind: "password", username: "user", password: "pass:word" },
    "b.test": { kind: "password", username: "u", password: "p" },
    "c.test:5000": { kind: "identity", token: "i" },
    "d.test/team/x": { kind: "bearer", token: "r" },
    "docker.io": { kind: "identity", token: "t" },
  });
  deepStrictEqual(Object.fromEntries(programs), { "e.test": "one", "docker.io": "two" });
  strictEqual(program, "three");
});

Deno.test("parseLoginFile() repeats nothing of a malformed file", () => {
  const secret = "hunter2";
  const files = [
    `{"auths":{"a.test":{"auth":"${secret}`,
    `{"auths":{"a.test":{"auth":["${secret}"]}}}`,
    `{"auths":{"a.test":{"auth":"${auth(secret)}"}}}`,
    `{"auths":"${secret}"}`,
    `${secret}`,
  ];
  for (const text of files) {
    throws(
      () => parseLoginFile(new TextEncoder().encode(text), "/f.json"),
      (error) =>
        error instanceof ImageError && error.code === "CORRUPT" &&
        error.message.includes('"/f.json"') && !`${error.stack}${error.cause}`.includes(secret),
      text,
    );
  }
});

Deno.test("loginNames() goes from the repository to its registry", () => {
  deepStrictEqual(loginNames("h.test:1/a/b"), ["h.test:1/a/b", "h.test:1/a", "h.test:1"]);
});

Deno.test("CredentialFinder.find() takes the closest login of the first file", async () => {
  const files: Record<string, string> = {
    "/run/containers/auth.json": JSON.stringify({
      auths: { "h.test": { auth: auth("all:1") }, "h.test/a/b": { auth: auth("close:2") } },
    }),
    "/c/containers/auth.json": JSON.stringify({ auths: { "g.test": { auth: auth("g:3") } } }),
    "/d/config.json": JSON.stringify({
      auths: { "h.test/a/b/c": { auth: auth("late:4") }, "i.test": { auth: auth("i:5") } },
    }),
  };
  const variables: Record<string, string> = {
    XDG_RUNTIME_DIR: "/run",
    XDG_CONFIG_HOME: "/c",
    DOCKER_CONFIG: "/d",
  };
  const finder = new CredentialFinder({
    variable: (name) => variables[name],
    readFile: (path) => path in files ? new TextEncoder().encode(files[path]) : null,
    listDirectory: () => [],
  });
  const user = async (name: string) => {
    const found = await finder.find(name);
    return found?.kind === "password" ? found.username : found;
  };
  strictEqual(await user("h.test/a/b/c"), "close");
  strictEqual(await user("h.test/ab"), "all");
  strictEqual(await user("g.test/x"), "g");
  strictEqual(await user("i.test/x"), "i");
  strictEqual(await user("none.test/x"), null);
  strictEqual(await user("h.test.evil/x"), null);
});
