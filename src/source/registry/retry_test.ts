import { ok, rejects, strictEqual } from "node:assert/strict";
import { RegistryError } from "./registry_error.ts";
import { Retry } from "./retry.ts";
import { DEFAULT_TIMING } from "./timing.ts";

const temporary = new RegistryError("later", { isTemporary: true });
const timing = { ...DEFAULT_TIMING, retryDelayMilliseconds: 4, longestDelayMilliseconds: 20 };

Deno.test("pause() waits longer each time, and gives up at the limit", async () => {
  const retry = new Retry(timing, 4);
  for (const full of [4, 8, 16, 20]) {
    const waited = await retry.pause(temporary);
    ok(waited >= full / 2 && waited <= full, `${waited} of ${full}`);
  }
  await rejects(retry.pause(temporary), (error) => error === temporary);
  retry.reset();
  ok(await retry.pause(temporary) <= 4);
});

Deno.test("pause() throws at once what will not pass", async () => {
  const errors = [
    new Error("x"),
    new RegistryError("final"),
    new RegistryError("too long", { isTemporary: true, retryAfterMilliseconds: 21 }),
  ];
  for (const given of errors) {
    await rejects(new Retry(timing).pause(given), (error) => error === given);
  }
});

Deno.test("pause() waits as long as the registry asks", async () => {
  const asked = new RegistryError("x", { isTemporary: true, retryAfterMilliseconds: 15 });
  strictEqual(await new Retry(timing).pause(asked), 15);
});

Deno.test("pause() tries a server that is not there only twice more", async () => {
  const gone = new RegistryError("x", { isTemporary: true, isUnreachable: true });
  const retry = new Retry(timing);
  await retry.pause(gone);
  await retry.pause(gone);
  await rejects(retry.pause(gone), (error) => error === gone);
});

Deno.test("pause() tries a server that has answered as often as any other", async () => {
  const gone = new RegistryError("x", { isTemporary: true, isUnreachable: true });
  const said = new Retry(timing, 4);
  said.reached();
  for (let i = 0; i < 4; i++) await said.pause(gone);
  await rejects(said.pause(gone), (error) => error === gone);
  const failed = new Retry(timing, 4);
  await failed.pause(temporary);
  for (let i = 0; i < 3; i++) await failed.pause(gone);
  await rejects(failed.pause(gone), (error) => error === gone);
});

Deno.test("pause() ends with its signal", async () => {
  const slow = { ...timing, retryDelayMilliseconds: 60_000, longestDelayMilliseconds: 60_000 };
  const reason = new Error("enough");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 5);
  await rejects(new Retry(slow).pause(temporary, controller.signal), (error) => error === reason);
  await rejects(
    new Retry(slow).pause(temporary, AbortSignal.abort(reason)),
    (error) => error === reason,
  );
});
