import { strictEqual } from "node:assert/strict";
import { utf8ByteString } from "../../bytes/byte_string.ts";
import { avoidEnd, DirectoryHasher } from "./directory_hash.ts";

// From `debugfs -R "dx_hash -h half_md4 -s SEED NAME"` of e2fsprogs 1.47.0.
const VECTORS: [name: string, zeroSeed: number, seed: number][] = [
  ["a", 0xd5fa7d7a, 0x832402e0],
  ["abc", 0xd196a868, 0x99196f4e],
  ["file-12345", 0x9bd2424c, 0x8e432a6],
  ["x".repeat(31), 0x415798c2, 0x59049ac],
  ["x".repeat(32), 0xae38ae70, 0xb7bbbd58],
  ["y".repeat(33), 0xcf79e5d6, 0x8e72324a],
  ["z".repeat(255), 0x3b4d55ea, 0x1e0f514],
  ["größe", 0xa759a98e, 0xeacd6a34],
];

Deno.test("DirectoryHasher gives the hashes of debugfs, bytes above 127 as signed", () => {
  const zero = new DirectoryHasher(new Uint8Array(16));
  const seeded = new DirectoryHasher(Uint8Array.fromHex("0e2e89df2eb648739ef1beea4161c126"));
  for (const [name, zeroSeed, seed] of VECTORS) {
    strictEqual(zero.hash(utf8ByteString(name)), zeroSeed, name);
    strictEqual(seeded.hash(utf8ByteString(name)), seed, name);
  }
});

// The same, with -h legacy and -h tea.
const OTHERS: [name: string, legacy: number, tea: number][] = [
  ["a", 0xe74b53e2, 0xf53528f0],
  ["hello", 0x32252546, 0x1a5692b6],
  ["a longer name for a file number 12345", 0x89177aa4, 0x23f351c8],
  ["café", 0x96ca5a2c, 0x3037ce66],
];

Deno.test("DirectoryHasher gives the hashes of others, too", () => {
  const seed = Uint8Array.fromHex("0102030405060708090a0b0c0d0e0f10");
  const legacy = new DirectoryHasher(seed, { version: 0, isUnsigned: false });
  const tea = new DirectoryHasher(seed, { version: 2, isUnsigned: false });
  const unsigned = new DirectoryHasher(seed, { version: 2, isUnsigned: true });
  for (const [name, legacyHash, teaHash] of OTHERS) {
    strictEqual(legacy.hash(utf8ByteString(name)), legacyHash, name);
    strictEqual(tea.hash(utf8ByteString(name)), teaHash, name);
    // Without bytes above 127 there is no difference.
    strictEqual(unsigned.hash(utf8ByteString(name)) === teaHash, name !== "café", name);
  }
});

Deno.test("avoidEnd() moves the hash that ends a directory", () => {
  strictEqual(avoidEnd(0xfffffffe), 0xfffffffc);
  strictEqual(avoidEnd(0xfffffffc), 0xfffffffc);
});
