/**
 * The options of the commands that look into an image: `ls`, `cat`, `stat`, `tree`, `dump`.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional, withDefault } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, integer, string } from "@optique/core/valueparser";
import { imageValue, inputOptions, speedOptions } from "./convert_options.ts";
import { messageOptions } from "./message_options.ts";
import { downloadOptions, registryOptions } from "./registry_options.ts";
import { storeOptions } from "./store_options.ts";
import { oneOrMore } from "./one_or_more.ts";

/** How an image is opened to be looked into. */
export type ViewArguments = InferValue<ReturnType<typeof viewOptions>>;
/** What `ls` takes. */
export type LsArguments = InferValue<ReturnType<typeof lsParser>>;
/** What `cat` takes. */
export type CatArguments = InferValue<ReturnType<typeof catParser>>;
/** What `stat` takes. */
export type StatArguments = InferValue<ReturnType<typeof statParser>>;
/** What `tree` takes. */
export type TreeArguments = InferValue<ReturnType<typeof treeParser>>;
/** What `dump` takes. */
export type DumpArguments = InferValue<ReturnType<typeof dumpParser>>;

/** Everything that says how an image is opened and read. */
export function viewOptions() {
  return merge(
    inputOptions(),
    storeOptions(),
    registryOptions(),
    downloadOptions(),
    speedOptions(),
    messageOptions(),
  );
}

/** The parser of `ls`. */
export function lsParser() {
  return command(
    "ls",
    merge(
      object({
        command: constant("ls"),
        image: anyImage(),
        paths: multiple(pathArgument()),
        all: option("-a", "--all", { description: message`Names that begin with a dot too.` }),
        long: option("-l", "--long", {
          description: message`Mode, links, owner, group, size and time (UTC) too.`,
        }),
        recursive: option("-R", "--recursive", { description: message`Directories below too.` }),
        directory: option("-d", "--directory", {
          description: message`Directories themselves, not what is in them.`,
        }),
        timeStyle: withDefault(
          option("--time-style", choice(["long-iso", "full-iso", "epoch"], { metavar: "STYLE" }), {
            description: message`How -l writes times.`,
          }),
          "long-iso",
        ),
        json: option("--json", {
          description: message`Print an array with an object for each file, a line each.`,
        }),
      }),
      viewOptions(),
    ),
    { description: message`List files of an image.` },
  );
}

/** The parser of `cat`. */
export function catParser() {
  return command(
    "cat",
    merge(
      object({
        command: constant("cat"),
        image: anyImage(),
        paths: oneOrMore(pathArgument(), "PATH"),
        json: option("--json", {
          description: message`Print an array with path, size and content in base64.`,
        }),
      }),
      viewOptions(),
    ),
    { description: message`Print files of an image; symbolic links are followed inside of it.` },
  );
}

/** The parser of `stat`. */
export function statParser() {
  return command(
    "stat",
    merge(
      object({
        command: constant("stat"),
        image: anyImage(),
        paths: oneOrMore(pathArgument(), "PATH"),
        dereference: option("-L", "--dereference", {
          description: message`Follow symbolic links.`,
        }),
        json: option("--json", {
          description: message`Print an array with an object for each file.`,
        }),
      }),
      viewOptions(),
    ),
    { description: message`Show all that an image says of files, extended attributes too.` },
  );
}

/** The parser of `tree`. */
export function treeParser() {
  return command(
    "tree",
    merge(
      object({
        command: constant("tree"),
        image: anyImage(),
        path: optional(pathArgument()),
        level: optional(option("-L", "--level", integer({ metavar: "N", min: 1 }), {
          description: message`Directories deep; default: all.`,
        })),
        json: option("--json", { description: message`Print objects with their contents.` }),
      }),
      viewOptions(),
    ),
    { description: message`Show the files of an image as a tree.` },
  );
}

/** The parser of `dump`. */
export function dumpParser() {
  return command(
    "dump",
    merge(
      object({
        command: constant("dump"),
        image: anyImage(),
        digests: option("--digests", {
          description: message`The SHA-256 of every file too, which takes reading them.`,
        }),
        json: option("--json", {
          description: message`Print an array with an object for each file, as stat does.`,
        }),
      }),
      viewOptions(),
    ),
    { description: message`Print a line for each file, as composefs dump files have them.` },
  );
}

/** Any image, of layers or a filesystem. */
export function anyImage() {
  return argument(imageValue(), {
    description:
      message`Any image: what the main form takes, a filesystem image, or ext4:FILE and the like.`,
  });
}

/** A path in an image. */
export function pathArgument() {
  return argument(string({ metavar: "PATH" }), { description: message`A path in the image.` });
}
