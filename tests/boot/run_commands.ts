/**
 * Runs in a machine: commands of the program, one after another in one process, each in a section of
 * its own with the code at its end. They stand in the arguments, with "--" between.
 *
 * @module
 */
import { main } from "../../src/cli/main.ts";

if (import.meta.main) {
  const rest = [...Deno.args];
  while (rest.length > 0) {
    const end = rest.indexOf("--");
    const args = rest.splice(0, end < 0 ? rest.length : end + 1).filter((it) => it !== "--");
    console.log(`== ${args.join(" ")}`);
    console.log(`code ${await main(args)}`);
  }
}
