/**
 * The options of the commands that make images in files and look into them; no repository is needed.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { type Message, message } from "@optique/core/message";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { parseAlgorithm } from "../../../composefs/repository/object_id.ts";
import { messageOptions } from "../message_options.ts";
import { pathArgument, viewOptions } from "../view_options.ts";
import type { ArgumentsOf } from "../../command_table.ts";
import { algorithmChoice, versionChoice } from "./repository_options.ts";
import { oneOrMore } from "../one_or_more.ts";

/** What `composefs create-image` takes. */
export type CreateImageArguments = InferValue<ReturnType<typeof createImageCommand>>;
/** What `composefs create-dumpfile` takes. */
export type CreateDumpfileArguments = InferValue<ReturnType<typeof createDumpfileCommand>>;
/** What `composefs compute-digest` takes. */
export type ComputeDigestArguments = InferValue<ReturnType<typeof computeDigestCommand>>;
/** What `composefs ls` takes. */
export type LsImageArguments = InferValue<ReturnType<typeof lsCommand>>;
/** What `composefs dump` takes. */
export type DumpImageArguments = InferValue<ReturnType<typeof dumpCommand>>;
/** What `composefs image-objects` takes. */
export type ImageObjectsArguments = InferValue<ReturnType<typeof imageObjectsCommand>>;
/** What `composefs missing-objects` takes. */
export type MissingObjectsArguments = InferValue<ReturnType<typeof missingObjectsCommand>>;
/** What `composefs cat` takes. */
export type CatImageArguments = InferValue<ReturnType<typeof catCommand>>;
/** What any of these commands takes. */
export type ImageFileArguments = ArgumentsOf<typeof IMAGE_FILE_COMMANDS>;

/** These commands. */
export const IMAGE_FILE_COMMANDS = {
  "create-image": createImageCommand,
  "create-dumpfile": createDumpfileCommand,
  "compute-digest": computeDigestCommand,
  ls: lsCommand,
  dump: dumpCommand,
  "image-objects": imageObjectsCommand,
  "missing-objects": missingObjectsCommand,
  cat: catCommand,
} as const;

function createImageCommand() {
  return command(
    "create-image",
    merge(
      object({
        command: constant("composefs"),
        action: constant("create-image"),
        source: sourceArgument(),
        image: optional(argument(path({ metavar: "FILE" }), {
          description: message`The image to write, or - for standard output.`,
        })),
        fromFile: option("--from-file", {
          description: message`SOURCE is a dump file, or - for standard input.`,
        }),
        strict: option("--strict", {
          description: message`Of --from-file, refuse what newer tools refuse.`,
        }),
        printDigest: option("--print-digest", {
          description: message`Print the fs-verity digest of the image.`,
        }),
        printDigestOnly: option("--print-digest-only", {
          description: message`Print the digest and write nothing.`,
        }),
        minVersion: withDefault(
          option("--min-version", versionChoice(), {
            description: message`Version of the image: 0 or 1 as mkcomposefs, or 2.`,
          }),
          "0" as const,
        ),
        maxVersion: withDefault(
          option("--max-version", choice(["0", "1"], { metavar: "N" }), {
            description: message`Version of an image with whiteouts, where that is higher.`,
          }),
          "1" as const,
        ),
      }),
      contentOptions(),
      viewOptions(),
    ),
    { description: message`Make a composefs image of any source, as mkcomposefs does.` },
  );
}

function createDumpfileCommand() {
  return command(
    "create-dumpfile",
    merge(
      object({
        command: constant("composefs"),
        action: constant("create-dumpfile"),
        source: sourceArgument(),
        file: withDefault(
          argument(path({ metavar: "FILE" }), { description: message`The dump file to write.` }),
          "-",
        ),
      }),
      contentOptions(),
      viewOptions(),
    ),
    { description: message`Write the dump file from which a composefs image can be made.` },
  );
}

function computeDigestCommand() {
  return command(
    "compute-digest",
    merge(
      object({
        command: constant("composefs"),
        action: constant("compute-digest"),
        files: oneOrMore(
          argument(path({ metavar: "FILE" }), { description: message`The files.` }),
          "FILE",
        ),
        algorithm: algorithmOption(),
      }),
      messageOptions(),
    ),
    { description: message`Print the fs-verity digest of files, a line each.` },
  );
}

function lsCommand() {
  return listingCommand("ls", message`List the files of image files with their objects.`);
}

function dumpCommand() {
  return listingCommand("dump", message`Print an image file as a dump file.`);
}

function imageObjectsCommand() {
  return listingCommand(
    "image-objects",
    message`Print the paths of the objects that image files need.`,
  );
}

/** A command that tells something of image files. */
function listingCommand<const Action extends string>(action: Action, description: Message) {
  return command(
    action,
    merge(
      object({
        command: constant("composefs"),
        action: constant(action),
        images: imagesArgument(),
      }),
      filterOptions(),
      messageOptions(),
    ),
    { description },
  );
}

function missingObjectsCommand() {
  return command(
    "missing-objects",
    merge(
      object({
        command: constant("composefs"),
        action: constant("missing-objects"),
        images: imagesArgument(),
        baseDirectory: option("--basedir", path({ metavar: "DIR" }), {
          description: message`The directory of objects.`,
        }),
      }),
      filterOptions(),
      messageOptions(),
    ),
    { description: message`Print those of them that are not there.` },
  );
}

function catCommand() {
  return command(
    "cat",
    merge(
      object({
        command: constant("composefs"),
        action: constant("cat"),
        image: argument(path({ metavar: "IMAGE" }), { description: message`The image file.` }),
        paths: oneOrMore(pathArgument(), "PATH"),
        baseDirectory: optional(option("--basedir", path({ metavar: "DIR" }), {
          description: message`The directory of objects; verified as they are read.`,
        })),
      }),
      messageOptions(),
    ),
    { description: message`Print files of an image file.` },
  );
}

function sourceArgument() {
  return argument(string({ metavar: "SOURCE" }), {
    description: message`A directory with a root filesystem, or any image as oci2rootfs takes it.`,
  });
}

function imagesArgument() {
  return oneOrMore(
    argument(path({ metavar: "IMAGE" }), { description: message`The image files.` }),
    "IMAGE",
  );
}

function filterOptions() {
  return object({
    filter: multiple(option("--filter", string({ metavar: "NAME" }), {
      description: message`Of the root, only the file or directory of this name.`,
    })),
  });
}

function algorithmOption() {
  const algorithm = withDefault(
    option("--algorithm", algorithmChoice(), {
      description: message`Hash function of the digests.`,
    }),
    "sha256" as const,
  );
  return map(algorithm, parseAlgorithm);
}

/** What becomes of files and their contents. */
function contentOptions() {
  return object("Content", {
    algorithm: algorithmOption(),
    digestStore: optional(option("--digest-store", path({ metavar: "DIR" }), {
      description: message`Store the objects in this directory.`,
    })),
    useEpoch: option("--use-epoch", { description: message`Make all times 0.` }),
    skipDevices: option("--skip-devices", { description: message`Leave devices out.` }),
    skipXattrs: option("--skip-xattrs", { description: message`Leave attributes out.` }),
    userXattrs: option("--user-xattrs", {
      description: message`Leave attributes out that are not of the class user.`,
    }),
  });
}
