/**
 * Device numbers as the kernel writes them to disks, in 32 bits (`new_encode_dev`): minor 8 bits,
 * major 12, minor 12.
 *
 * @module
 */

/** The number of 32 bits of a device. */
export function packDeviceNumber(major: number, minor: number): number {
  const low = minor % 256;
  return low + major * 256 + (minor - low) * 4096;
}

/** Major and minor of a number of 32 bits. */
export function unpackDeviceNumber(number: number): { major: number; minor: number } {
  return {
    major: Math.floor(number / 256) % 4096,
    minor: number % 256 + Math.floor(number / 2 ** 20) * 256,
  };
}
