import { ok, strictEqual } from "node:assert/strict";

/** Prints how many turns a signal waited that came when only turns went by. */
const PROGRAM = `
import { existsSync, rmSync } from "node:fs";
import { Pace } from ${JSON.stringify(new URL("pause.ts", import.meta.url).href)};
const directory = Deno.makeTempDirSync();
const file = directory + "/sent";
let isSeen = false;
Deno.addSignalListener("SIGUSR2", () => isSeen = true);
const script = "sleep 0.5; touch " + file + "; kill -USR2 " + Deno.pid;
new Deno.Command("sh", { args: ["-c", script] }).spawn();
const pace = new Pace();
let waited = 0;
for (let turn = 0; !isSeen && turn < 100; turn++) {
  while (!pace.isLong);
  if (existsSync(file)) waited++;
  await pace.pause();
}
rmSync(directory, { recursive: true });
console.log(waited);
Deno.exit();
`;

Deno.test("Pace lets signals in after every long turn", () => {
  // In a program of its own: that of tests looks for signals in another thread.
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", PROGRAM] });
  const { code, stdout, stderr } = command.outputSync();
  strictEqual(code, 0, new TextDecoder().decode(stderr));
  const waited = Number(new TextDecoder().decode(stdout));
  // By itself the runtime looks for signals once in some twenty rounds.
  ok(waited >= 0 && waited <= 5, `${waited} turns`);
});
