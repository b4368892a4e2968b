/**
 * The options of the commands that fill a repository: `init`, `pull`, `import-layer`, `copy`.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, integer, string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { messageOptions } from "../message_options.ts";
import { platformOption } from "../platform_option.ts";
import { downloadOptions, registryOptions } from "../registry_options.ts";
import { storeOptions } from "../store_options.ts";
import {
  algorithmChoice,
  placeOptions,
  repositoryOptions,
  versionChoice,
} from "./repository_options.ts";

/** What `composefs init` takes. */
export type InitArguments = InferValue<ReturnType<typeof initCommand>>;
/** What `composefs pull` takes. */
export type PullArguments = InferValue<ReturnType<typeof pullCommand>>;
/** What `composefs import-layer` takes. */
export type ImportLayerArguments = InferValue<ReturnType<typeof importLayerCommand>>;
/** What `composefs copy` takes. */
export type CopyArguments = InferValue<ReturnType<typeof copyCommand>>;
/** What `composefs import-image` takes. */
export type ImportImageArguments = InferValue<ReturnType<typeof importImageCommand>>;

/** These commands. */
export const PULL_COMMANDS = {
  init: initCommand,
  pull: pullCommand,
  "import-layer": importLayerCommand,
  "import-image": importImageCommand,
  copy: copyCommand,
} as const;

function initCommand() {
  return command(
    "init",
    merge(
      object({
        command: constant("composefs"),
        action: constant("init"),
        path: optional(argument(path({ metavar: "DIR" }), {
          description: message`The directory of the repository; default: as --repo says.`,
        })),
        algorithm: optional(option("--algorithm", algorithmChoice(), {
          description: message`Hash function of the objects; default: fsverity-sha512-12.`,
        })),
        insecure: option("--insecure", {
          description: message`Do without fs-verity, as for file systems that have none.`,
        }),
        resetMetadata: option("--reset-metadata", {
          description: message`Forget images, streams and what the repository was; keep objects.`,
        }),
        ensure: option("--ensure", {
          description: message`Take a repository that is there as it is.`,
        }),
        erofsVersion: multiple(
          option("--erofs-version", versionChoice(), {
            description: message`Version of the images; the first is the default; default: 1.`,
          }),
        ),
        json: option("--json", { description: message`Report what was made as JSON.` }),
      }),
      placeOptions(),
      messageOptions(),
    ),
    { description: message`Make a repository.` },
  );
}

/** The parser of `pull`. */
export function pullCommand() {
  return command(
    "pull",
    merge(
      object({
        command: constant("composefs"),
        action: constant("pull"),
        image: argument(string({ metavar: "IMAGE" }), {
          description: message`The image, as oci2rootfs takes it.`,
        }),
        name: optional(argument(string({ metavar: "NAME" }), {
          description: message`The tag that it gets; default: the image as it was given.`,
        })),
        bootable: option("--bootable", {
          description: message`Make an image to boot from besides.`,
        }),
        asIs: option("--as-is", {
          description:
            message`Keep files as the layers have them: the root, /run, all attributes; works without /usr.`,
        }),
        expectedDigest: optional(option("--expected-digest", string({ metavar: "HEX" }), {
          description: message`The digest that an image must have, in any of its forms.`,
        })),
        platform: platformOption(),
        workers: workersOption(),
        localFetch: optional(
          option("--local-fetch", choice(["disabled", "auto", "zerocopy"], { metavar: "HOW" }), {
            description:
              message`How files of unpacked layers are stored: disabled as copies, auto (default) as clones where that can be, zerocopy as clones or links alone.`,
          }),
        ),
        json: option("--json", { description: message`Report what was pulled as JSON.` }),
        events: option("--events", {
          description: message`Print progress to standard output, a JSON object a line.`,
        }),
      }),
      repositoryOptions(),
      registryOptions(),
      downloadOptions(),
      storeOptions(),
    ),
    { description: message`Store an image and make its EROFS.` },
  );
}

function importLayerCommand() {
  return command(
    "import-layer",
    merge(
      object({
        ...importedLayer(),
        file: optional(argument(path({ metavar: "FILE" }), {
          description:
            message`The tar of the layer, plain or compressed; default, and -: standard input.`,
        })),
        name: optional(option("--name", layerName(), aboutLayerName())),
      }),
      repositoryOptions(),
    ),
    { description: message`Store a layer alone.` },
  );
}

/** The parser of `import-layer` with a NAME in place of a FILE. */
export function importNamedLayerCommand() {
  return command(
    "import-layer",
    merge(
      object({
        ...importedLayer(),
        file: constant(undefined),
        name: optional(argument(layerName(), aboutLayerName())),
      }),
      repositoryOptions(),
    ),
    { description: message`Store a layer from standard input alone.` },
  );
}

function layerName() {
  return string({ metavar: "NAME" });
}

function aboutLayerName() {
  return { description: message`A name that keeps the layer, of no image as it is.` };
}

/** What all forms of `import-layer` take; in one object, so that the help has the order of them. */
function importedLayer() {
  return {
    command: constant("composefs"),
    action: constant("import-layer"),
    diffId: argument(string({ metavar: "DIGEST" }), {
      description: message`The digest that the tar must have.`,
    }),
  };
}

function importImageCommand() {
  return command(
    "import-image",
    merge(
      object({
        command: constant("composefs"),
        action: constant("import-image"),
        name: argument(string({ metavar: "NAME" }), {
          description: message`The name that it gets, below images/refs.`,
        }),
      }),
      repositoryOptions(),
    ),
    { description: message`Store an EROFS image from standard input, whose objects are there.` },
  );
}

/** The parser of `copy`. */
export function copyCommand() {
  return command(
    "copy",
    merge(
      object({
        command: constant("composefs"),
        action: constant("copy"),
        image: argument(string({ metavar: "IMAGE" }), {
          description: message`The image in the other repository: a tag, or @DIGEST.`,
        }),
        from: option("--from", path({ metavar: "DIR" }), {
          description: message`The other repository; it may have another hash function.`,
        }),
        name: optional(option("--name", string({ metavar: "NAME" }), {
          description: message`The tag that it gets; default: the same.`,
        })),
        zerocopy: option("--zerocopy", {
          description: message`Share files by hard links where that is possible.`,
        }),
        workers: workersOption(),
        json: option("--json", { description: message`Report what was copied as JSON.` }),
      }),
      repositoryOptions(),
    ),
    { description: message`Copy an image from another repository.` },
  );
}

function workersOption() {
  return optional(option("--workers", integer({ metavar: "N", min: 0, max: 64 }), {
    description: message`Threads that store layers; default: one for each processor.`,
  }));
}
