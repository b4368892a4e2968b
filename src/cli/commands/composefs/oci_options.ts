/**
 * `oci2rootfs composefs oci`: the commands on container images as scripts for cfsctl call them.
 *
 * @module
 */
import { message } from "@optique/core/message";
import { command } from "@optique/core/primitives";
import { commandOf } from "../../command_table.ts";
import { dumpOciCommand, IMAGE_COMMANDS } from "./image_options.ts";
import { fsckCommand } from "./keep_options.ts";
import { copyCommand, importNamedLayerCommand, pullCommand } from "./pull_options.ts";

/** What they answer is what the commands answer without the group. */
const OCI_COMMANDS = {
  pull: pullCommand,
  "import-layer": importNamedLayerCommand,
  copy: copyCommand,
  ...IMAGE_COMMANDS,
  dump: dumpOciCommand,
  fsck: fsckCommand,
} as const;

/** The parser of the group, or of the one command in it that `words` begin with. */
export function ociCommand(words: readonly string[]) {
  return command("oci", commandOf(OCI_COMMANDS, words), {
    description: message`The commands on container images by their names of cfsctl.`,
  });
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

/** Of old, it said what a repository says of itself by now; a few commands still ask for it. */
const INSECURE = "--insecure";
/** The commands that ask for it. */
const ASKING: ReadonlySet<string> = new Set(["init", "compute-karg"]);

/** Brings options that stand between `composefs` and its command behind that, where all others are. */
export function withOptionsBehind(args: readonly string[]): string[] {
  if (args[0] !== "composefs") return [...args];
  let end = 1;
  while (end < args.length) {
    const [name, value] = args[end].split("=");
    const hasValue = name === INSECURE ? false : LEADING.get(name);
    if (hasValue === undefined) break;
    end += hasValue && value === undefined ? 2 : 1;
  }
  const words = args.slice(end);
  const options = args.slice(1, end).filter((it) => it !== INSECURE || ASKING.has(words[0]));
  const stop = words.indexOf("--");
  const behind = stop === -1 ? words.length : stop;
  return ["composefs", ...words.slice(0, behind), ...options, ...words.slice(behind)];
}
