/**
 * A directory of objects as `mkcomposefs` fills it: no repository, only the files.
 *
 * @module
 */
import { join } from "node:path";
import { utf8ByteString } from "../../bytes/byte_string.ts";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { tryEnableVerity } from "../../fsverity/verity_file.ts";
import { directoriesOf } from "../../io/host_files.ts";
import { Linux } from "../../io/linux.ts";
import { ObjectStore } from "../repository/object_store.ts";

/** An open directory of objects. */
export interface DigestStore {
  /** Stores objects. */
  readonly store: ObjectStore;
  /** Gives back what was opened. */
  close(): void;
}

/** Opens the objects in `path`. They get fs-verity where kernel and filesystem can. */
export function openDigestStore(path: string, algorithm: VerityAlgorithm): DigestStore {
  const found = Linux.open();
  const linux = found instanceof Linux ? found : null;
  const protect = (file: string) => {
    if (linux !== null) tryEnableVerity(linux, utf8ByteString(file), algorithm);
  };
  return {
    store: new ObjectStore(path, algorithm, directoriesOf(linux), protect, true),
    close() {
      linux?.close();
      try {
        Deno.removeSync(join(path, ".tmp"));
      } catch {
        // It was never made, or another program has files in it.
      }
    },
  };
}
