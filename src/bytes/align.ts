/**
 * Rounding of sizes and offsets. Arithmetic only: bit operators are wrong above 2^31.
 *
 * @module
 */

/** The smallest multiple of `unit` that is not below `value`. */
export function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** The largest multiple of `unit` that is not above `value`. */
export function alignDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

/** How many units of `unit` hold `value`. */
export function divideUp(value: number, unit: number): number {
  return Math.ceil(value / unit);
}
