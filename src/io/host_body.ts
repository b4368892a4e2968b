/**
 * The bytes of a file that has no name in its tree yet.
 *
 * @module
 */
import { PositionalFile } from "./positional_file.ts";
import { systemError } from "./system_error.ts";
import type { HostBody } from "./tree_maker.ts";

/** Creates the file for a body at `path`. */
export function createHostBody(id: number, path: string): HostBody {
  let opened: Deno.FsFile;
  try {
    opened = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    throw systemError(error, "create output", path);
  }
  const file = new PositionalFile(opened, path, path);
  let end = 0;
  return {
    id,
    write(bytes, position) {
      file.write(bytes, position);
      end = position + bytes.length;
    },
    end(size) {
      try {
        if (end < size) file.truncate(size);
      } finally {
        file.close();
      }
    },
  };
}
