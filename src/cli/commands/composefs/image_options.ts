/**
 * The options of the commands on the images of a repository.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { messageOptions } from "../message_options.ts";
import { pathArgument } from "../view_options.ts";
import { repositoryOptions, versionChoice } from "./repository_options.ts";
import { oneOrMore } from "../one_or_more.ts";

/** What `composefs images` takes. */
export type ImagesArguments = InferValue<ReturnType<typeof imagesCommand>>;
/** What `composefs inspect` takes. */
export type InspectArguments = InferValue<ReturnType<typeof inspectCommand>>;
/** What `composefs tag` takes. */
export type TagArguments = InferValue<ReturnType<typeof tagCommand>>;
/** What `composefs untag` takes. */
export type UntagArguments = InferValue<ReturnType<typeof untagCommand>>;
/** What `composefs layer` takes. */
export type LayerArguments = InferValue<ReturnType<typeof layerCommand>>;
/** What `composefs compute-id` takes. */
export type ComputeIdArguments = InferValue<ReturnType<typeof computeIdCommand>>;
/** What `composefs compute-karg` takes. */
export type ComputeKargArguments = InferValue<ReturnType<typeof computeKargCommand>>;
/** What `composefs oci dump` takes. */
export type DumpOciArguments = InferValue<ReturnType<typeof dumpOciCommand>>;
/** What `composefs dump-files` takes. */
export type DumpFilesArguments = InferValue<ReturnType<typeof dumpFilesCommand>>;
/** What `composefs mount` takes. */
export type MountArguments = InferValue<ReturnType<typeof mountCommand>>;
/** What `composefs unmount` takes. */
export type UnmountArguments = InferValue<ReturnType<typeof unmountCommand>>;

/** These commands. */
export const IMAGE_COMMANDS = {
  images: imagesCommand,
  inspect: inspectCommand,
  tag: tagCommand,
  untag: untagCommand,
  layer: layerCommand,
  "compute-id": computeIdCommand,
  "compute-karg": computeKargCommand,
  "dump-files": dumpFilesCommand,
  mount: mountCommand,
  umount: unmountCommand,
} as const;

/** A container image of the repository. */
export function imageArgument() {
  return argument(string({ metavar: "IMAGE" }), {
    description: message`The image: a tag, or @DIGEST of its manifest.`,
  });
}

function imagesCommand() {
  return command(
    "images",
    merge(
      object({
        command: constant("composefs"),
        action: constant("images"),
        json: option("--json", { description: message`Print the list as JSON.` }),
        noTrunc: option("--no-trunc", { description: message`Print whole digests.` }),
      }),
      repositoryOptions(),
    ),
    { description: message`List the tagged images.` },
  );
}

function inspectCommand() {
  return command(
    "inspect",
    merge(
      object({
        command: constant("composefs"),
        action: constant("inspect"),
        image: imageArgument(),
        manifest: option("--manifest", { description: message`Print the manifest as it is.` }),
        config: option("--config", { description: message`Print the configuration as it is.` }),
      }),
      repositoryOptions(),
    ),
    { description: message`Print what an image is, as JSON.` },
  );
}

function tagCommand() {
  return command(
    "tag",
    merge(
      object({
        command: constant("composefs"),
        action: constant("tag"),
        image: imageArgument(),
        name: argument(string({ metavar: "NAME" }), { description: message`The new tag.` }),
      }),
      repositoryOptions(),
    ),
    { description: message`Give an image a further tag.` },
  );
}

function untagCommand() {
  return command(
    "untag",
    merge(
      object({
        command: constant("composefs"),
        action: constant("untag"),
        name: argument(string({ metavar: "NAME" }), { description: message`The tag.` }),
      }),
      repositoryOptions(),
    ),
    { description: message`Take a tag away.` },
  );
}

function layerCommand() {
  return command(
    "layer",
    merge(
      object({
        command: constant("composefs"),
        action: constant("layer"),
        diffId: argument(string({ metavar: "DIFFID" }), {
          description: message`The digest of the layer's tar.`,
        }),
        dumpfile: option("--dumpfile", { description: message`Print its files as a dump file.` }),
        json: option("--json", { description: message`Print what it is as JSON.` }),
      }),
      repositoryOptions(),
    ),
    { description: message`Write the tar of a layer to standard output, as it was.` },
  );
}

function computeIdCommand() {
  return command(
    "compute-id",
    merge(
      object({
        command: constant("composefs"),
        action: constant("compute-id"),
        image: argument(string({ metavar: "IMAGE|PATH" }), {
          description:
            message`The image: a tag, or @DIGEST of its manifest; or a directory, whose PATH begins with / or . (a dot).`,
        }),
        noRepo: option("--no-repo", {
          description: message`It is a PATH, whatever it begins with.`,
        }),
        bootable: option("--bootable", { description: message`Of the image to boot from.` }),
      }),
      versionOption(),
      variantOptions(),
      repositoryOptions(),
    ),
    { description: message`Print the digest that the EROFS of an image has.` },
  );
}

function computeKargCommand() {
  return command(
    "compute-karg",
    merge(
      object({
        command: constant("composefs"),
        action: constant("compute-karg"),
        path: argument(path({ metavar: "PATH" }), {
          description: message`A directory with a root filesystem.`,
        }),
        insecure: option("--insecure", {
          description: message`For a repository without fs-verity.`,
        }),
      }),
      versionOption(),
      variantOptions(),
      repositoryOptions(),
    ),
    { description: message`Print the kernel argument by which the image of a directory boots.` },
  );
}

/** The parser of `oci dump`: without the group, `dump` is of image files. */
export function dumpOciCommand() {
  return command(
    "dump",
    merge(
      object({
        command: constant("composefs"),
        action: constant("dump-oci"),
        image: imageArgument(),
        bootable: option("--bootable", { description: message`Of the image to boot from.` }),
      }),
      variantOptions(),
      repositoryOptions(),
    ),
    { description: message`Print the files of an image as a dump file.` },
  );
}

function dumpFilesCommand() {
  return command(
    "dump-files",
    merge(
      object({
        command: constant("composefs"),
        action: constant("dump-files"),
        image: erofsArgument(),
        paths: oneOrMore(pathArgument(), "PATH"),
        backingPathOnly: option("--backing-path-only", {
          description: message`Print which object each file is, or that it is inline.`,
        }),
      }),
      erofsOptions(),
      repositoryOptions(),
    ),
    { description: message`Print files and directories of an image as a dump file has them.` },
  );
}

function versionOption() {
  return object({
    erofsVersion: optional(option("--erofs-version", versionChoice(), {
      description: message`Version of the image; default: that of the repository, or 1.`,
    })),
  });
}

/** What is made of the files of an image. */
function variantOptions() {
  return object({
    asIs: option("--as-is", "--no-propagate-usr-to-root", {
      description: message`Of the files as the layers have them.`,
    }),
    xattrs: withDefault(
      option("--xattrs", choice(["allowlist-only", "keep-user-xattrs"], { metavar: "MODE" }), {
        description: message`Which attributes stay; default: allowlist-only.`,
      }),
      "allowlist-only" as const,
    ),
  });
}

/** An image, by any of its names. */
function erofsArgument() {
  return argument(string({ metavar: "IMAGE" }), {
    description: message`The image: a tag, @DIGEST of its manifest, or the digest of its EROFS.`,
  });
}

/** Which EROFS of an image. */
function erofsOptions() {
  return object({
    bootable: option("--bootable", { description: message`The image to boot from.` }),
    asIs: option("--as-is", { description: message`The files as the layers have them.` }),
  });
}

function mountCommand() {
  return command(
    "mount",
    merge(
      object({
        command: constant("composefs"),
        action: constant("mount"),
        image: erofsArgument(),
        directory: argument(path({ metavar: "DIR" }), { description: message`Where to.` }),
        upperdir: optional(option("--upperdir", path({ metavar: "DIR" }), {
          description: message`A directory that takes changes.`,
        })),
        workdir: optional(option("--workdir", path({ metavar: "DIR" }), {
          description: message`An empty directory beside it.`,
        })),
        readWrite: option("--read-write", {
          description: message`Let files be changed; takes --upperdir and --workdir.`,
        }),
      }),
      erofsOptions(),
      repositoryOptions(),
    ),
    { description: message`Mount an image by the kernel (as root).` },
  );
}

function unmountCommand() {
  return command(
    "umount",
    merge(
      object({
        command: constant("composefs"),
        action: constant("umount"),
        directory: argument(path({ metavar: "DIR" }), { description: message`What to unmount.` }),
      }),
      messageOptions(),
    ),
    { description: message`Unmount an image.` },
  );
}
