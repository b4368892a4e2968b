/**
 * The changes that the command line asks for.
 *
 * @module
 */
import { statSync } from "node:fs";
import { checkEdits } from "../edit/check_edits.ts";
import type { ImageEdits } from "../edit/image_edits.ts";
import type { InputTree } from "../io/file_sink.ts";
import type { EditArguments } from "./commands/edit_options.ts";
import { UsageError } from "./usage_error.ts";

/** The edits as the library takes them; `epoch` is `SOURCE_DATE_EPOCH`. Throws `UsageError`. */
export function editsOf(args: EditArguments, epoch: number | undefined): ImageEdits {
  if (args.init !== undefined && args.initFromConfig) {
    throw new UsageError(
      "Cannot make two programs /init: --init and --init-from-config exclude each other",
    );
  }
  const edits: ImageEdits = {
    add: args.add,
    exclude: args.exclude,
    owner: args.chown,
    uidMap: args.uidMap,
    gidMap: args.gidMap,
    mtime: mtimeOf(args, epoch),
    hostname: args.hostname,
    dns: args.dns,
    hosts: args.hosts,
    init: args.initFromConfig
      ? "from-config"
      : args.init === undefined
      ? undefined
      : { path: args.init },
  };
  try {
    checkEdits(edits);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
  return edits;
}

function mtimeOf(args: EditArguments, epoch: number | undefined): ImageEdits["mtime"] {
  const seconds = args.mtime ?? (args.clampMtime ? epoch : undefined);
  if (seconds !== undefined) return { seconds, clamp: args.clampMtime };
  if (!args.clampMtime) return undefined;
  throw new UsageError(
    "Cannot clamp times without a limit: --clamp-mtime needs --mtime or SOURCE_DATE_EPOCH",
  );
}

/** The files that are added: the output must not replace one. */
export function editPaths({ add = [], init }: ImageEdits): string[] {
  const paths = add.flatMap(({ from }) => typeof from === "string" ? [from] : []);
  return typeof init === "object" ? [...paths, init.path] : paths;
}

/** The directories that are added with all that is in them: the output must not be there. */
export function editTrees(edits: ImageEdits): InputTree[] {
  return editPaths(edits).filter(isDirectory).map((path) => ({ path, oneFileSystem: false }));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
