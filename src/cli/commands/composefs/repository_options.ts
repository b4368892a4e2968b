/**
 * Which repository is meant, and how much is told.
 *
 * @module
 */
import { join } from "node:path";
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { parseAlgorithm } from "../../../composefs/repository/object_id.ts";
import type { OpenRepositoryOptions } from "../../../composefs/repository/repository.ts";
import { Repository } from "../../../composefs/repository/repository.ts";
import { UsageError } from "../../usage_error.ts";

import { messageOptions } from "../message_options.ts";

/** Which repository. */
export type RepositoryArguments = InferValue<ReturnType<typeof repositoryOptions>>;

/** Where the repository of the system is. */
const SYSTEM_REPOSITORY = "/sysroot/composefs";
/** Where that of a user is, in the home directory. */
const USER_REPOSITORY = ".var/lib/composefs";

/** A hash function, by any of its names. */
export function algorithmChoice() {
  return choice(["fsverity-sha256-12", "fsverity-sha512-12", "sha256", "sha512"], {
    metavar: "ALGORITHM",
  });
}

/** A version of images. */
export function versionChoice() {
  return choice(["0", "1", "2"], { metavar: "0|1|2" });
}

/** The options that say where the repository is. */
export function placeOptions() {
  return object("Repository", {
    repo: optional(option("--repo", path({ metavar: "DIR" }), {
      description: message`The repository; default: that of the user, of the system for root.`,
    })),
    user: option("--user", { description: message`Use ~/.var/lib/composefs.` }),
    system: option("--system", { description: message`Use /sysroot/composefs.` }),
  });
}

/** The options of every command on a repository that is there. */
export function repositoryOptions() {
  return merge(
    placeOptions(),
    object("Repository", {
      hash: optional(option("--hash", algorithmChoice(), {
        description: message`Refuse a repository with another hash function.`,
      })),
      requireVerity: option("--require-verity", {
        description: message`Refuse a repository without fs-verity.`,
      }),
      noUpgrade: option("--no-upgrade", {
        description: message`Write no meta.json to a repository of old.`,
      }),
    }),
    messageOptions(),
  );
}

/** Where the repository is. Throws `UsageError` where the options contradict each other. */
export function repositoryPath(
  args: { readonly repo?: string; readonly user: boolean; readonly system: boolean },
): string {
  const given = [args.repo !== undefined, args.user, args.system].filter(Boolean).length;
  if (given > 1) {
    throw new UsageError(
      "Cannot use several repositories: --repo, --user and --system exclude each other",
    );
  }
  if (args.repo !== undefined) return args.repo;
  if (args.system || (!args.user && Deno.uid() === 0)) return SYSTEM_REPOSITORY;
  const home = Deno.env.get("HOME");
  if (home) return join(home, USER_REPOSITORY);
  throw new UsageError("Cannot find the repository: HOME is not set, expected it or --repo DIR");
}

/** Opens the repository of a command for `use`, and closes it. */
export async function withRepository<T>(
  args: RepositoryArguments,
  options: Pick<OpenRepositoryOptions, "access" | "signal">,
  use: (repository: Repository) => T | Promise<T>,
): Promise<T> {
  using repository = await Repository.open(repositoryPath(args), {
    ...options,
    algorithm: args.hash === undefined ? undefined : parseAlgorithm(args.hash),
    requireVerity: args.requireVerity,
    noUpgrade: args.noUpgrade,
  });
  return await use(repository);
}
