/**
 * The command line program: `deno run -A cli.ts IMAGE -o OUT`.
 *
 * @module
 */
import { main } from "./src/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
