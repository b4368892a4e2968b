/**
 * The options that concern registries and the cache.
 *
 * @module
 */
import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { integer, string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { mirrorValue, sizeValue } from "../value_parsers.ts";

/** What concerns registries. */
export type RegistryArguments = InferValue<ReturnType<typeof registryOptions>>;
/** What concerns downloads and the cache. */
export type DownloadArguments = InferValue<ReturnType<typeof downloadOptions>>;

/** How to talk to registries. */
export function registryOptions() {
  return object("Registry", {
    username: optional(option("--username", string({ metavar: "USER" }), {
      description: message`User; default: the logins of docker and podman.`,
    })),
    passwordStdin: option("--password-stdin", {
      description: message`Read the password of the user from standard input.`,
    }),
    registryToken: optional(option("--registry-token", string({ metavar: "TOKEN" }), {
      description: message`A token to send instead of a login.`,
    })),
    insecure: option("--insecure", {
      description:
        message`Verify no certificate of the registry, and use plain http where it has no https.`,
    }),
    caCert: multiple(option("--ca-cert", path({ metavar: "FILE" }), {
      description: message`Authority to trust besides those of the system (PEM).`,
    })),
    clientCert: optional(option("--client-cert", path({ metavar: "FILE" }), {
      description: message`Certificate to show to the registry (PEM).`,
    })),
    clientKey: optional(option("--client-key", path({ metavar: "FILE" }), {
      description: message`Key of that certificate (PEM).`,
    })),
    registryMirror: multiple(option("--registry-mirror", mirrorValue(), {
      description: message`Ask this address first for images of a registry, as docker.io=URL.`,
    })),
  });
}

/** Where downloads go. */
export function downloadOptions() {
  return object("Download", {
    jobs: optional(option("--jobs", integer({ metavar: "N", min: 1, max: 64 }), {
      description: message`Layers that are downloaded at a time; default: 4.`,
    })),
    cache: optional(option("--cache", path({ metavar: "DIR" }), {
      description: message`Directory of the blob cache; default: ~/.cache/oci2rootfs.`,
    })),
    noCache: option("--no-cache", { description: message`Keep nothing of what is downloaded.` }),
    cacheSize: optional(option("--cache-size", sizeValue(), {
      description: message`Most that the cache may keep; default: 10G.`,
    })),
    offline: option("--offline", {
      description: message`Take everything from the cache, without network.`,
    }),
    allowForeignUrls: option("--allow-foreign-urls", {
      description:
        message`Load layers that the registry lacks from the addresses that the image names.`,
    }),
  });
}
