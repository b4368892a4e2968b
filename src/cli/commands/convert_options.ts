/**
 * The options of the main form, `oci2rootfs IMAGE -o OUT`.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import { argument, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, integer, string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { FORMATS } from "../../format/formats.ts";
import { sizeValue } from "../value_parsers.ts";
import { diskOptions } from "./disk_options.ts";
import { editOptions } from "./edit_options.ts";
import { formatOptions } from "./format_options.ts";
import { messageOptions } from "./message_options.ts";
import { platformOption } from "./platform_option.ts";
import { downloadOptions, registryOptions } from "./registry_options.ts";
import { storeOptions } from "./store_options.ts";

/** What the main form takes. */
export type ConvertArguments = InferValue<ReturnType<typeof convertParser>>;

/** The parser of the main form. */
export function convertParser() {
  return merge(
    object({
      command: constant("convert"),
      image: argument(imageValue(), {
        description:
          message`The container image: an OCI layout directory, an OCI or docker-save archive, a name in a registry as nginx:1.27; an image of an engine on this machine: docker-daemon:NAME, containers-storage:NAME, containerd:NAME; a root filesystem: overlay2:DIR, dir:DIR, tar:FILE; a filesystem image or disk of any format; or composefs:DIR:NAME, composefs-image:OBJECTS:FILE.`,
      }),
    }),
    outputOptions(),
    formatOptions(),
    diskOptions(),
    inputOptions(),
    storeOptions(),
    editOptions(),
    registryOptions(),
    downloadOptions(),
    speedOptions(),
    messageOptions(),
  );
}

function outputOptions() {
  return object("Output", {
    output: optional(option("-o", "--output", path({ metavar: "OUT" }), {
      description:
        message`The image file to write, a block device (with --force), a directory as DIR/, or - for standard output.`,
    })),
    format: optional(option("--format", choice(FORMATS.map((format) => format.name)), {
      description: message`Output format; the default follows from the extension of OUT.`,
    })),
    force: option("--force", {
      description:
        message`Overwrite a block device and all that is on it, or replace a directory that is not empty.`,
    }),
    dryRun: option("--dry-run", {
      description: message`Read everything, write nothing, and say what would be written.`,
    }),
    json: option("--json", {
      description: message`Report what was made as JSON on standard output.`,
    }),
  });
}

/** How layers become one tree. */
export function inputOptions() {
  return object("Input", {
    platform: platformOption(),
    verifyDiffIds: option("--verify-diff-ids", {
      description: message`Check the digests of the uncompressed layers too.`,
    }),
    symlinkedParents: withDefault(
      option("--symlinked-parents", choice(["follow", "replace"], { metavar: "HOW" }), {
        description:
          message`An entry below a symbolic link of an older layer: follow the link (as containerd does), or replace it by a directory (as overlayfs shows it).`,
      }),
      "follow",
    ),
    keepDirlinks: option("--keep-dirlinks", {
      description: message`Keep a symbolic link to a directory where a layer has a directory.`,
    }),
    oneFileSystem: option("--one-file-system", {
      description: message`Of dir: and overlay2:, leave out what is mounted in it.`,
    }),
    keepHostLabels: option("--keep-host-labels", {
      description: message`Of dir: and overlay2:, keep the SELinux labels of this machine.`,
    }),
  });
}

/** What it may take. */
export function speedOptions() {
  return object("Speed", {
    workers: optional(option("--workers", integer({ metavar: "N", min: 0, max: 256 }), {
      description:
        message`Threads that decompress layers, at most 4, and threads that compress the image; 0 for none besides the main one; default: one for each processor.`,
    })),
    memory: optional(option("--memory", sizeValue(), {
      description: message`Uncompressed data that may wait between threads; default: 64M.`,
    })),
  });
}

/** A reference to an image; files are suggested, since that is what it mostly names. */
export function imageValue() {
  const files = path({ metavar: "IMAGE", allowCreate: true });
  return { ...string({ metavar: "IMAGE" }), suggest: (prefix: string) => files.suggest!(prefix) };
}
