import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { byDigest, byEndOfName, byId, byName, chooseLocalImage } from "./local_images.ts";
import { createRequest } from "./open_options.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

function image(names: readonly string[], id: string, digests: readonly string[] = []) {
  return { names, id, digests, platform: () => null };
}

const NAMED = image(["docker.io/library/app:latest", "localhost/tools/app:1"], "abcd", [DIGEST]);
const OTHER = image(["localhost/other:1"], "abff", []);
const UNNAMED = image([], "cd00", []);

Deno.test("byName() knows what is short for a name", () => {
  const names = ["app", "app:latest", "library/app", "docker.io/library/app:latest"];
  deepStrictEqual(names.map((name) => byName(NAMED, name)), [true, true, true, true]);
  deepStrictEqual(["app:1", "tools/app:1", "pp", ""].map((name) => byName(NAMED, name)), [
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("byEndOfName() takes whole components", () => {
  deepStrictEqual(
    ["app:1", "tools/app:1", "pp:1", "app", "tools/app"].map((it) => byEndOfName(NAMED, it)),
    [true, true, false, true, false],
  );
});

Deno.test("byDigest() takes a digest alone or behind a name of the image", () => {
  const cases = [DIGEST, `app@${DIGEST}`, `app:5@${DIGEST}`, `other@${DIGEST}`, "sha256:ab"];
  deepStrictEqual(cases.map((it) => byDigest(NAMED, it)), [true, true, true, false, false]);
});

Deno.test("byId() takes the start of an identifier", () => {
  deepStrictEqual(["ab", "abcd", "abce", "", "AB"].map((it) => byId(NAMED, it)), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("chooseLocalImage() takes the only image with a name, or lists what there is", () => {
  const choose = (images: (typeof NAMED)[], name: string | null) =>
    chooseLocalImage(images, createRequest("store:x", { name }, {}));
  strictEqual(choose([NAMED, UNNAMED], null), NAMED);
  strictEqual(choose([UNNAMED], null), UNNAMED);
  strictEqual(choose([NAMED, OTHER, UNNAMED], "abc"), NAMED);
  throws(() => choose([NAMED, OTHER], null), { code: "AMBIGUOUS", message: /localhost\/other:1/ });
  throws(() => choose([NAMED, OTHER], "ab"), { code: "AMBIGUOUS" });
  throws(() => choose([NAMED, UNNAMED], "ee"), {
    code: "NOT_FOUND",
    message: /"ee" in "store:x".*expected one of:\n.*app:latest.*\n {2}\(no tag\) {2}cd00$/,
  });
  throws(() => choose([], null), { code: "NOT_FOUND", message: /has no images/ });
});
