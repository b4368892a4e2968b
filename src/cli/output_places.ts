/**
 * Outputs beside the image: each needs a place of its own.
 *
 * @module
 */
import { outputPlace } from "../io/file_sink.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** What may be written besides the image, and where. */
export interface OutputPlaces {
  /** The image. */
  readonly output?: string;
  /** What a container runs. */
  readonly configOut?: string;
  /** The hash tree; empty where it stands behind the image. */
  readonly verity?: string;
}

/** Throws `UsageError` where two outputs would be one file, or one has no file. */
export function checkOutputPlaces({ output, configOut, verity = "" }: OutputPlaces): void {
  if (configOut === "-") throw noFile("configuration", "--config-out");
  if (verity === "-") throw noFile("hash tree", "--verity");
  if (isOne(output, configOut)) {
    throw new UsageError("Cannot write image and configuration to one file, expected two");
  }
  if (verity !== "" && (isOne(verity, output) || isOne(verity, configOut))) {
    throw new UsageError("Cannot write hash tree and another output to one file, expected two");
  }
}

/** Refuses to write bytes to a terminal, which would do as they say. Throws `UsageError`. */
export function checkNoTerminal(what: string, { showsOutput }: Terminal): void {
  if (!showsOutput) return;
  throw new UsageError(`Cannot write ${what} to a terminal: expected a pipe or a file`);
}

function isOne(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && outputPlace(a) === outputPlace(b);
}

function noFile(what: string, option: string): UsageError {
  return new UsageError(
    `Cannot write ${what} to standard output: ${option} is "-", expected a file name`,
  );
}
