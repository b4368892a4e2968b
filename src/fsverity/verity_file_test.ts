import { ok, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import { Linux } from "../io/linux.ts";
import { measureVerity, tryEnableVerity } from "./verity_file.ts";
import { verityDigest } from "./verity_digest.ts";

function withLinux(use: (linux: Linux, path: string) => void) {
  const linux = Linux.open();
  ok(linux instanceof Linux);
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, "hello world");
    use(linux, path);
  } finally {
    Deno.removeSync(path);
    linux.close();
  }
}

Deno.test("tryEnableVerity() switches fs-verity on, or says that there is none", () => {
  withLinux((linux, path) => {
    strictEqual(measureVerity(linux, path), null);
    const outcome = tryEnableVerity(linux, path, "sha256");
    if (outcome === "unsupported") {
      strictEqual(measureVerity(linux, path), null);
      return;
    }
    strictEqual(outcome, "enabled");
    strictEqual(tryEnableVerity(linux, path, "sha256"), "present");
    const { algorithm, digest } = measureVerity(linux, path)!;
    strictEqual(algorithm, "sha256");
    strictEqual(digest.toHex(), verityDigest("sha256", Deno.readFileSync(path)).toHex());
  });
});

Deno.test("tryEnableVerity() and measureVerity() name the file that is not there", () => {
  withLinux((linux) => {
    const isNotFound = (error: unknown) =>
      error instanceof ImageError && error.code === "NOT_FOUND" &&
      error.where.source === "/no/such/file";
    throws(() => tryEnableVerity(linux, "/no/such/file", "sha512"), isNotFound);
    throws(() => measureVerity(linux, "/no/such/file"), isNotFound);
  });
});
