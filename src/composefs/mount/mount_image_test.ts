import { rejects } from "node:assert/strict";
import { withRepository } from "../repository/repository_fixture.ts";
import { mountImage } from "./mount_image.ts";

Deno.test("mountImage() tells a user that it takes root", async () => {
  await withRepository(async (repository) => {
    const { id } = repository.objects.put(new Uint8Array(1));
    const uid = Deno.uid;
    Deno.uid = () => 1000;
    try {
      await rejects(mountImage(repository, id, repository.path), {
        code: "PERMISSION",
        message: "Cannot mount image: the user is 1000, expected root (0)",
      });
    } finally {
      Deno.uid = uid;
    }
  });
});
