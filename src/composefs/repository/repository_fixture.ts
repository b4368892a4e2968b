/**
 * Repositories for tests, gone when the test is over.
 *
 * @module
 */
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { initRepository } from "./init_repository.ts";
import { Repository, type RepositoryAccess } from "./repository.ts";

/** Calls `use` with a new insecure repository that is open for writing. */
export async function withRepository<T>(
  use: (repository: Repository) => T | Promise<T>,
  algorithm: VerityAlgorithm = "sha256",
): Promise<T> {
  return await withRepositoryPath(algorithm, (path) => withOpen(path, "write", use));
}

/** Calls `use` with the path of a new insecure repository. */
export async function withRepositoryPath<T>(
  algorithm: VerityAlgorithm,
  use: (path: string) => T | Promise<T>,
): Promise<T> {
  const directory = Deno.makeTempDirSync({ prefix: "composefs_repository_" });
  try {
    const path = `${directory}/repository`;
    await initRepository(path, { algorithm, isInsecure: true });
    return await use(path);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Opens the repository at `path` for `use`. */
export async function withOpen<T>(
  path: string,
  access: RepositoryAccess,
  use: (repository: Repository) => T | Promise<T>,
): Promise<T> {
  using repository = await Repository.open(path, { access });
  return await use(repository);
}
