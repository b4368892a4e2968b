/**
 * What the machine says about registries: variables of the environment and small files.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";

/** Variables and files; tests bring their own. */
export interface Environment {
  /** A variable; `undefined` where it is not set or may not be read. */
  variable(name: string): string | undefined;
  /** A whole small file; `null` where nothing is there or it may not be read. */
  readFile(path: string): Uint8Array | null;
  /** Names in a directory, sorted; none where nothing is there or it may not be read. */
  listDirectory(path: string): string[];
}

/** Largest file that is read, in bytes. */
const LARGEST_FILE = 4 * 1024 * 1024;

/** The environment of this process. */
export const processEnvironment: Environment = {
  variable(name) {
    return orAbsent(() => Deno.env.get(name), undefined) || undefined;
  },
  readFile(path) {
    const size = orAbsent(() => Deno.statSync(path).size, null);
    if (size === null) return null;
    if (size > LARGEST_FILE) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read file ${quote(path)}: it has ${size} bytes, expected at most ${LARGEST_FILE}`,
      );
    }
    return orAbsent(() => Deno.readFileSync(path), null);
  },
  listDirectory(path) {
    return orAbsent(() => [...Deno.readDirSync(path)].map(({ name }) => name).sort(), []);
  },
};

/** What was not granted, or is not there, has no influence; the rest goes on without it. */
function orAbsent<T>(read: () => T, absent: T): T {
  try {
    return read();
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.IsADirectory;
    if (isAbsent) return absent;
    throw error;
  }
}
