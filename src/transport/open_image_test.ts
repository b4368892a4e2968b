import { match, rejects, strictEqual } from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { ImageError } from "../image_error.ts";
import { dockerMembers, layoutOf, tarOf, withDirectory } from "../source/layout_fixture.ts";
import { openImage } from "./open_image.ts";

// Names of images are tried without network, and nothing is kept of them.
const OPTIONS = { platform: "linux/amd64", offline: true, cache: null };

async function user(reference: string): Promise<string | undefined> {
  const image = await openImage(reference, OPTIONS);
  await image.close();
  strictEqual(image.reference, reference);
  return image.config?.user;
}

const named = (User: string) => layoutOf({ runtime: { User } });

Deno.test("openImage() opens each transport, and bare paths by what is there", async () => {
  await withDirectory(async (directory) => {
    const layout = named("layout").writeDirectory(join(directory, "layout"));
    const archive = join(directory, "archive");
    writeFileSync(archive, named("archive").toArchive());
    const docker = join(directory, "docker");
    const members = dockerMembers([{ image: { runtime: { User: "docker" } }, names: ["n:1"] }]);
    writeFileSync(docker, tarOf(members));
    const digest = (await openImage(layout, OPTIONS)).digest;

    for (const rest of ["", ":latest", `@${digest}`]) {
      strictEqual(await user(`oci:${layout}${rest}`), "layout");
    }
    for (const rest of ["", ":latest"]) {
      strictEqual(await user(`oci-archive:${archive}${rest}`), "archive");
    }
    for (const rest of ["", ":n:1", ":docker.io/library/n:1"]) {
      strictEqual(await user(`docker-archive:${docker}${rest}`), "docker");
    }
    strictEqual(await user(layout), "layout");
    strictEqual(await user(archive), "archive");
    strictEqual(await user(docker), "docker");
  });
});

Deno.test("paths that hold : and @ work as they are", async () => {
  await withDirectory(async (directory) => {
    const odd = named("odd").writeDirectory(join(directory, "a:b@c:latest"));
    named("short").writeDirectory(join(directory, "a"));
    strictEqual(await user(odd), "odd");
    strictEqual(await user(`oci:${odd}`), "odd");
    strictEqual(await user(`oci:${odd}:latest`), "odd");
    strictEqual(await user(`oci:${join(directory, "a")}:latest`), "short");
    await rejects(user(`oci:${join(directory, "a")}:b`), { code: "NOT_FOUND", message: /tag "b"/ });
  });
});

Deno.test("a path that is no name of an image takes a choice without a transport", async () => {
  await withDirectory(async (directory) => {
    const layout = named("layout").writeDirectory(join(directory, "layout"));
    strictEqual(await user(`${layout}:latest`), "layout");
    await rejects(user(`${layout}:b`), { code: "NOT_FOUND", message: /tag "b"/ });
    const root = join(directory, "root");
    mkdirSync(root);
    await rejects(user(`${root}:b`), { code: "NOT_FOUND", message: /neither index\.json nor/ });
  });
});

Deno.test("what is no reference is answered with all that would be", async () => {
  for (
    const reference of [
      "./no/such/place",
      "no/such.tar",
      "no/such.tar.gz",
      "no.ext4",
      "no.erofs.qcow2",
      "No Name",
    ]
  ) {
    await rejects(user(reference), (error: ImageError) => {
      strictEqual(error.code, "NOT_FOUND");
      match(error.message, /path of a directory.*a name as.* oci:, oci-archive:, docker-archive:,/);
      strictEqual(error.where.source, reference);
      return true;
    });
  }
  for (const reference of ["", ":", "@", "oci", "oci:", "oci::x", "oci-archive:", "a\0b"]) {
    await rejects(user(reference), { code: "NOT_FOUND" }, reference);
  }
});

Deno.test("openImage() takes what is no path, but could be a name, for an image of a registry", async () => {
  for (const reference of ["no/such/image", "no:1.27", "docker://example.org:5000/no/image"]) {
    await rejects(user(reference), (error: ImageError) => {
      strictEqual(error.code, "NOT_FOUND");
      match(error.message, /without network: it is not in the cache/);
      return true;
    });
  }
  await rejects(user("docker://UPPER"), {
    code: "CORRUPT",
    message: /Cannot read image reference/,
  });
});

Deno.test("a path that holds no image is answered with what was found there", async () => {
  await withDirectory(async (directory) => {
    await rejects(user(directory), { code: "NOT_FOUND", message: /neither index\.json nor/ });
    const file = join(directory, "file");
    writeFileSync(file, "text");
    await rejects(user(file), { code: "NOT_FOUND", message: /bytes 74657874, expected a tar/ });
    for (
      const [text, message] of [["070701", /compressed cpio.* cpio:/], ["hsqs", /squashfs.*it unc/]]
    ) {
      writeFileSync(file, gzipSync(text as string));
      await rejects(user(file), { code: "NOT_FOUND", message: message as RegExp });
    }
    await rejects(user("/dev/null"), { code: "NOT_FOUND", message: /no regular file/ });
    await rejects(user(`oci:${file}`), { code: "NOT_FOUND", message: /is a file, expected a dir/ });
    mkdirSync(join(directory, "sub"));
    await rejects(user(`oci-archive:${join(directory, "sub")}`), {
      code: "NOT_FOUND",
      message: /is a directory, expected a file/,
    });
    await rejects(user(`docker-archive:${join(directory, "sub")}`), { code: "NOT_FOUND" });
  });
});

Deno.test("opening is cancelled with the signal's reason", async () => {
  await withDirectory(async (directory) => {
    const layout = named("x").writeDirectory(directory);
    const reason = new Error("stop");
    await rejects(openImage(layout, { ...OPTIONS, signal: AbortSignal.abort(reason) }), reason);
  });
});

Deno.test("any text is an image or an ImageError", async () => {
  await withDirectory(async (directory) => {
    const layout = named("x").writeDirectory(join(directory, "l"));
    const piece = fc.oneof(
      fc.constantFrom(
        "oci:",
        "oci-archive:",
        "docker-archive:",
        "docker://",
        layout,
        ":",
        "@",
        "sha256:",
      ),
      fc.string({ maxLength: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
        try {
          await (await openImage(pieces.join(""), OPTIONS)).close();
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
        }
      }),
      { numRuns: 200 },
    );
  });
});
