/**
 * Numbers in tar headers: octal digits, or base-256 where the first byte's top bit is set.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";

/**
 * The number in the field `[at, at + width)`; an empty field is 0.
 *
 * Octal digits may have spaces or NULs before them and end with a space, a NUL or the field. Base-256 is
 * GNU's big-endian two's complement in all bits but the top one, so it may be negative.
 *
 * Throws `ImageError` `CORRUPT` for anything else, `LIMIT_EXCEEDED` beyond ±2^53.
 */
export function readTarNumber(
  bytes: Uint8Array,
  at: number,
  width: number,
  field: string,
): number {
  if (bytes[at] >= 0x80) return readBase256(bytes, at, width, field);
  const end = at + width;
  let i = at;
  while (i < end && (bytes[i] === 0x20 || bytes[i] === 0)) i++;
  let value = 0;
  for (; i < end; i++) {
    const digit = bytes[i] - 0x30;
    if (digit < 0 || digit > 7) {
      if (bytes[i] === 0x20 || bytes[i] === 0) return value;
      throw new ImageError(
        "CORRUPT",
        `Cannot read tar field "${field}": byte ${i - at} is 0x${bytes[i].toString(16)}, ` +
          "expected an octal digit",
      );
    }
    value = value * 8 + digit;
  }
  return value;
}

function readBase256(bytes: Uint8Array, at: number, width: number, field: string): number {
  const isNegative = (bytes[at] & 0x40) !== 0;
  // The complement of a negative number is counted, so that both signs share the overflow test.
  const flip = isNegative ? 0xff : 0;
  let value = (bytes[at] ^ flip) & 0x3f;
  for (let i = at + 1; i < at + width; i++) {
    value = value * 256 + (bytes[i] ^ flip);
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read tar field "${field}": the number is beyond 2^53, expected less`,
      );
    }
  }
  return isNegative ? -1 - value : value;
}
