/**
 * The options that say where the stores of container engines are.
 *
 * @module
 */
import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { path } from "@optique/run/valueparser";
import type { StoreOptions } from "../../source/store_options.ts";

/** Where the stores are. */
export type StoreArguments = InferValue<ReturnType<typeof storeOptions>>;

/** Where the stores of docker-daemon:, containers-storage: and containerd: are. */
export function storeOptions() {
  return object("Engines on this machine", {
    dockerRoot: optional(option("--docker-root", path({ metavar: "DIR" }), {
      description: message`Docker's data root; default: /var/lib/docker.`,
    })),
    dockerSocket: optional(option("--docker-socket", path({ metavar: "FILE" }), {
      description:
        message`Ask the engine at this socket instead; default: DOCKER_HOST, or where the data root cannot be read.`,
    })),
    storageRoot: optional(option("--storage-root", path({ metavar: "DIR" }), {
      description: message`Storage of Podman, Buildah, CRI-O; default: as storage.conf says.`,
    })),
    containerdRoot: optional(option("--containerd-root", path({ metavar: "DIR" }), {
      description: message`Root directory of containerd; default: /var/lib/containerd.`,
    })),
  });
}

/** The same as options of the library. */
export function storeSettings(args: StoreArguments): StoreOptions {
  const { dockerRoot, dockerSocket, storageRoot, containerdRoot } = args;
  return { dockerRoot, dockerSocket, storageRoot, containerdRoot };
}
