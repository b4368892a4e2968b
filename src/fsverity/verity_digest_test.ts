import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { mustRun } from "../../tests/run_tool.ts";
import { toolTest } from "../../tests/tools.ts";
import { bytesOf } from "../bytes/byte_string.ts";
import { VERITY_BLOCK_SIZE, type VerityAlgorithm } from "./verity_algorithm.ts";
import { verityDigest, VerityDigester } from "./verity_digest.ts";

const ALGORITHMS: readonly VerityAlgorithm[] = ["sha256", "sha512"];

/** The digest by the definition: level upon level, all of it in memory. */
function naiveDigest(algorithm: VerityAlgorithm, file: Uint8Array): Uint8Array {
  const hash = (bytes: Uint8Array) => createHash(algorithm).update(bytes).digest();
  const digestSize = hash(file).length;
  const levelAbove = (below: Uint8Array) => {
    const blocks = Math.ceil(below.length / VERITY_BLOCK_SIZE);
    const level = new Uint8Array(blocks * digestSize);
    for (let i = 0; i < blocks; i++) {
      const block = new Uint8Array(VERITY_BLOCK_SIZE);
      block.set(below.subarray(i * VERITY_BLOCK_SIZE, (i + 1) * VERITY_BLOCK_SIZE));
      level.set(hash(block), i * digestSize);
    }
    return level;
  };
  let level = levelAbove(file);
  while (level.length > digestSize) level = levelAbove(level);
  const descriptor = new Uint8Array(256);
  descriptor.set([1, algorithm === "sha256" ? 1 : 2, 12]);
  new DataView(descriptor.buffer).setUint32(8, file.length, true);
  descriptor.set(level, 16);
  return hash(descriptor);
}

Deno.test("verityDigest() gives the published digests", () => {
  const of = (algorithm: VerityAlgorithm, bytes: Uint8Array) =>
    verityDigest(algorithm, bytes).toHex();
  strictEqual(
    of("sha256", new Uint8Array(0)),
    "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95",
  );
  strictEqual(
    of("sha256", bytesOf("hello world")),
    "1e2eaa4202d750a41174ee454970b92c1bc2f925b1e35076d8c7d5f56362ba64",
  );
  strictEqual(
    of("sha512", bytesOf("hello world")),
    "18430270729d162d4e469daca123ae61893db4b0583d8f7081e3bf4f92b88ba5" +
      "14e7982f10733fb6aa895195c5ae8fd2eb2c47a8be05513ce5a0c51a6f570409",
  );
  deepStrictEqual([4095, 4096, 4097, 524288].map((size) => of("sha256", new Uint8Array(size))), [
    "5372beb83c78537c8970c8361e3254119fafdf1763854ecd57d3f0fe2da7c719",
    "babc284ee4ffe7f449377fbf6692715b43aec7bc39c094a95878904d34bac97e",
    "093756e4ea9683329106d4a16982682ed182c14bf076463a9e7f97305cbac743",
    "2d15bd7832895de85aa3d5bdfb57251e27bbec75ff467408340ab3eba858a2e1",
  ]);
});

Deno.test("VerityDigester gives the digest of the definition for any pieces and holes", () => {
  const piece = fc.record({
    isHole: fc.boolean(),
    size: fc.oneof(
      fc.integer({ min: 1, max: 9000 }),
      fc.constantFrom(1, 63, 64, 65, 127, 128, 129, 300).map((it) => it * VERITY_BLOCK_SIZE),
      fc.constantFrom(64, 128).map((it) => it * VERITY_BLOCK_SIZE - 1),
    ),
  });
  const pieces = fc.array(piece, { maxLength: 7 });
  fc.assert(
    fc.property(pieces, fc.constantFrom(...ALGORITHMS), (pieces, algorithm) => {
      const size = pieces.reduce((sum, { size }) => sum + size, 0);
      const file = new Uint8Array(size);
      const digester = new VerityDigester(algorithm);
      let at = 0;
      for (const { isHole, size } of pieces) {
        if (isHole) {
          digester.skip(size);
        } else {
          for (let i = at; i < at + size; i++) file[i] = i * 7 + (i >>> 8) + 1;
          digester.write(file.subarray(at, at + size));
        }
        at += size;
      }
      strictEqual(digester.size, size);
      strictEqual(digester.end().toHex(), naiveDigest(algorithm, file).toHex());
    }),
    { numRuns: 40 },
  );
});

toolTest("verityDigest() gives the digests of fsverity-utils", ["fsverity"], () => {
  const path = Deno.makeTempFileSync();
  try {
    // The last size has three levels of SHA-512 digests.
    for (const size of [0, 1, 4095, 4096, 4097, 64 * 4096, 64 * 4096 + 1, 4096 * 4096 + 1]) {
      const file = Uint8Array.from({ length: size }, (_, i) => i % 251);
      Deno.writeFileSync(path, file);
      for (const algorithm of ALGORITHMS) {
        const said = mustRun("fsverity", ["digest", "--compact", `--hash-alg=${algorithm}`, path]);
        strictEqual(verityDigest(algorithm, file).toHex(), said.trim(), `${algorithm} of ${size}`);
      }
    }
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("one digester digests files one after the other", () => {
  const digester = new VerityDigester("sha256");
  for (const sizeBytes of [600_000, 1, 0, 4096 * 128, 4097]) {
    const bytes = new Uint8Array(sizeBytes).fill(sizeBytes % 251);
    digester.write(bytes);
    strictEqual(digester.size, sizeBytes);
    strictEqual(digester.end().toHex(), verityDigest("sha256", bytes).toHex());
  }
});
