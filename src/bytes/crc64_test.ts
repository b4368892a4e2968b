import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Crc64 } from "./crc64.ts";

function crc64(...pieces: readonly Uint8Array[]): string {
  const crc = new Crc64();
  for (const piece of pieces) crc.update(piece);
  return crc.digest().toHex();
}

/** Bit by bit, as the polynomial says. */
function slowCrc64(bytes: Uint8Array): string {
  let crc = 0xffff_ffff_ffff_ffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1n) === 1n ? crc >> 1n ^ 0xd800_0000_0000_0000n : crc >> 1n;
    }
  }
  return (crc ^ 0xffff_ffff_ffff_ffffn).toString(16).padStart(16, "0");
}

Deno.test("Crc64 gives the check value of CRC-64/GO-ISO, and nothing of nothing", () => {
  strictEqual(crc64(new TextEncoder().encode("123456789")), "b90956c775a41001");
  strictEqual(crc64(), "0000000000000000");
});

Deno.test("Crc64 is the sum bit by bit, however the bytes come", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 100 }),
    fc.nat(100),
    fc.nat(7),
    (bytes, at, shift) => {
      const expected = slowCrc64(bytes);
      const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
      shifted.set(bytes);
      strictEqual(crc64(shifted), expected);
      strictEqual(crc64(bytes.subarray(0, at), bytes.subarray(at)), expected);
    },
  ));
});
