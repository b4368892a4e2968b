/**
 * The version of the program.
 *
 * @module
 */
import project from "../../deno.json" with { type: "json" };

/** Version as in deno.json, as `0.1.0`. */
export const VERSION: string = project.version;
