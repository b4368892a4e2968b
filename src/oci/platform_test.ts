import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { compatiblePlatforms, formatPlatform, parsePlatform, platformRank } from "./platform.ts";

Deno.test("parsePlatform() gives each platform one spelling", () => {
  const spellings: Record<string, string> = {
    "linux/amd64": "linux/amd64",
    "Linux/x86_64": "linux/amd64",
    "linux/x86-64": "linux/amd64",
    "linux/amd64/v1": "linux/amd64",
    "linux/amd64/v3": "linux/amd64/v3",
    "linux/i386": "linux/386",
    "linux/aarch64": "linux/arm64",
    "linux/arm64/v8": "linux/arm64",
    "linux/arm64/8": "linux/arm64",
    "linux/arm64/v8.0": "linux/arm64",
    "linux/arm64/v9.0": "linux/arm64/v9",
    "linux/arm": "linux/arm/v7",
    "linux/arm/6": "linux/arm/v6",
    "linux/armhf": "linux/arm/v7",
    "linux/armel": "linux/arm/v6",
    "linux/riscv64": "linux/riscv64",
    "macos/arm64": "darwin/arm64",
  };
  for (const [given, expected] of Object.entries(spellings)) {
    strictEqual(formatPlatform(parsePlatform(given)), expected, given);
  }
});

Deno.test("parsePlatform() refuses other forms", () => {
  for (
    const text of ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/a b", "linux//v7"]
  ) {
    throws(() => parsePlatform(text), TypeError, text);
  }
});

Deno.test("compatiblePlatforms() falls back to older variants, never to another processor", () => {
  const names = (text: string) => compatiblePlatforms(parsePlatform(text)).map(formatPlatform);
  deepStrictEqual(names("linux/amd64"), ["linux/amd64"]);
  deepStrictEqual(names("linux/amd64/v3"), ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64"]);
  deepStrictEqual(names("linux/arm/v7"), ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]);
  deepStrictEqual(names("linux/arm/v5"), ["linux/arm/v5"]);
  deepStrictEqual(names("linux/arm64"), ["linux/arm64"]);
  deepStrictEqual(names("linux/arm64/v8.2"), [
    "linux/arm64/v8.2",
    "linux/arm64/v8.1",
    "linux/arm64",
  ]);
  strictEqual(names("linux/arm64/v9").at(-1), "linux/arm64");
  deepStrictEqual(names("linux/ppc64le/power9"), ["linux/ppc64le/power9"]);
});

Deno.test("platformRank() is 0 for the same platform and null for another", () => {
  const rank = (wanted: string, os: string, architecture: string, variant?: string) =>
    platformRank(parsePlatform(wanted), { os, architecture, variant });
  strictEqual(rank("linux/arm64", "linux", "arm64", "v8"), 0);
  strictEqual(rank("linux/arm64", "linux", "aarch64"), 0);
  strictEqual(rank("linux/arm", "linux", "arm", "v6"), 1);
  strictEqual(rank("linux/arm/v6", "linux", "arm", "v7"), null);
  strictEqual(rank("linux/amd64", "linux", "amd64", "v2"), null);
  strictEqual(rank("linux/amd64", "linux", "386"), null);
  strictEqual(rank("linux/amd64", "windows", "amd64"), null);
});
