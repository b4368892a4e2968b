import { ok, strictEqual } from "node:assert/strict";
import { openSync } from "node:fs";
import { ImageError } from "../image_error.ts";
import { PositionalFile } from "./positional_file.ts";
import { systemError } from "./system_error.ts";

function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

Deno.test("systemError() gives code and meaning of the error number", () => {
  const notFound = thrownBy(() => Deno.openSync("/nowhere/at/all"));
  for (const error of [notFound, thrownBy(() => openSync("/nowhere/at/all", "r"))]) {
    const told = systemError(error, "open input", "/nowhere/at/all");
    ok(told instanceof ImageError);
    strictEqual(told.code, "NOT_FOUND");
    strictEqual(
      told.message,
      'Cannot open input "/nowhere/at/all": no such file or directory (ENOENT)',
    );
    strictEqual(told.where.source, "/nowhere/at/all");
    strictEqual(told.cause, error);
  }
});

Deno.test("systemError() knows each kind that a full, locked or broken disk gives", () => {
  const kinds = {
    ENOSPC: "OUT_OF_SPACE",
    EDQUOT: "OUT_OF_SPACE",
    EACCES: "PERMISSION",
    EPERM: "PERMISSION",
    EROFS: "PERMISSION",
    ENOENT: "NOT_FOUND",
    EIO: "IO",
    EFBIG: "LIMIT_EXCEEDED",
    EMLINK: "LIMIT_EXCEEDED",
    EWHATEVER: "IO",
  };
  for (const [code, kind] of Object.entries(kinds)) {
    const told = systemError(
      Object.assign(new Error("as the system says"), { code }),
      "write",
      "x",
    );
    ok(told instanceof ImageError);
    strictEqual(told.code, kind, code);
  }
});

Deno.test("systemError() leaves alone what is no system error", () => {
  const known = new ImageError("CORRUPT", "Cannot read x");
  const bug = new TypeError("x is not a function");
  strictEqual(systemError(known, "write", "x"), known);
  strictEqual(systemError(bug, "write", "x"), bug);
  strictEqual(systemError("text", "write", "x"), "text");
});

Deno.test({
  name: "PositionalFile.write() says OUT_OF_SPACE when the device is full",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const file = new PositionalFile(
      Deno.openSync("/dev/full", { write: true }),
      "/dev/full",
      "/dev/full",
    );
    const error = thrownBy(() => file.write(new Uint8Array(4096), 0));
    file.close();
    ok(error instanceof ImageError);
    strictEqual(error.code, "OUT_OF_SPACE");
  },
});
