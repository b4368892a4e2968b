import { doesNotThrow, throws } from "node:assert/strict";
import { checkNoTerminal, checkOutputPlaces } from "./output_places.ts";
import { recordedTerminal } from "./terminal_fixture.ts";
import { UsageError } from "./usage_error.ts";

Deno.test("checkOutputPlaces() tells two names of one file, whether it exists or not", () => {
  const home = Deno.makeTempDirSync({ prefix: "output_places_" });
  try {
    Deno.mkdirSync(`${home}/d`);
    Deno.symlinkSync("image", `${home}/link`);
    Deno.symlinkSync(".", `${home}/here`);
    const output = `${home}/image`;
    for (const other of ["image", "./image", "d/../image", "link", "here/image"]) {
      for (const isThere of [false, true]) {
        if (isThere) Deno.writeTextFileSync(output, "");
        const verity = `${home}/${other}`;
        throws(() => checkOutputPlaces({ output, verity }), UsageError);
        throws(() => checkOutputPlaces({ output, configOut: verity }), UsageError);
        throws(() => checkOutputPlaces({ configOut: output, verity }), UsageError);
        if (isThere) Deno.removeSync(output);
      }
    }
    doesNotThrow(() =>
      checkOutputPlaces({ output, verity: `${home}/tree`, configOut: `${home}/config` })
    );
    doesNotThrow(() => checkOutputPlaces({ output, verity: "" }));
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});

Deno.test("checkOutputPlaces() lets only the image go to standard output", () => {
  doesNotThrow(() => checkOutputPlaces({ output: "-" }));
  throws(() => checkOutputPlaces({ verity: "-" }), /hash tree to standard output/);
  throws(() => checkOutputPlaces({ configOut: "-" }), /configuration to standard output/);
});

Deno.test("checkNoTerminal() lets bytes go anywhere but to a terminal", () => {
  const terminal = recordedTerminal();
  checkNoTerminal("tar", terminal);
  throws(() => checkNoTerminal("tar", { ...terminal, showsOutput: true }), /tar to a terminal/);
});
