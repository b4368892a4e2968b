/**
 * `oci2rootfs composefs oci`: the commands on container images as scripts for cfsctl call them.
 *
 * @module
 */
import { or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { command } from "@optique/core/primitives";
import { dumpOciCommand, imageParser } from "./image_options.ts";
import { fsckCommand } from "./keep_options.ts";
import { copyCommand, importNamedLayerCommand, pullCommand } from "./pull_options.ts";

/** The parser of the group; what it answers is what the commands answer without it. */
export function ociParser() {
  return command(
    "oci",
    or(
      pullCommand(),
      importNamedLayerCommand(),
      copyCommand(),
      imageParser(),
      dumpOciCommand(),
      fsckCommand(),
    ),
    { description: message`The commands on container images by their names of cfsctl.` },
  );
}

/** Options of cfsctl that stand in front of its commands, and whether a value follows. */
const LEADING: ReadonlyMap<string, boolean> = new Map([
  ["--repo", true],
  ["--hash", true],
  ["--erofs-version", true],
  ["--user", false],
  ["--system", false],
  ["--require-verity", false],
  ["--no-upgrade", false],
  ["--no-repo", false],
]);

/** Brings options that stand between `composefs` and its command behind that, where all others are. */
export function withOptionsBehind(args: readonly string[]): string[] {
  let end = 1;
  while (args[0] === "composefs" && end < args.length) {
    const hasValue = LEADING.get(args[end].split("=")[0]);
    if (hasValue === undefined) break;
    end += hasValue && !args[end].includes("=") ? 2 : 1;
  }
  const words = args.slice(end);
  const stop = words.indexOf("--");
  const behind = stop === -1 ? words.length : stop;
  return [
    ...args.slice(0, 1),
    ...words.slice(0, behind),
    ...args.slice(1, end),
    ...words.slice(behind),
  ];
}
