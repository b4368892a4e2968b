import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { ImageError } from "../../image_error.ts";
import { writeContainerdRoot } from "../containerd/containerd_fixture.ts";
import { LayoutFixture, withDirectory } from "../layout_fixture.ts";
import { openImage } from "../../transport/open_image.ts";
import { writeDockerImage, writeRepositories, type WrittenImage } from "./docker_root_fixture.ts";
import { dockerDaemon } from "./open_docker_daemon.ts";

const DIGEST = `sha256:${"5".repeat(64)}`;
const PLATFORM = "linux/amd64";
/** The store is refused where it does not belong to root: see `plain_owners.ts`. */
const ignore = Deno.build.os !== "linux" || Deno.uid() !== 0;

/** A data root with the image `app:1` of three layers, and one without layers. */
function withRoot(use: (root: string, app: WrittenImage) => Promise<void>): Promise<void> {
  return withDirectory(async (root) => {
    const app = writeDockerImage(root, "app", 3);
    const none = writeDockerImage(root, "none", 0);
    writeRepositories(root, {
      "app:1": app.id,
      [`app@${DIGEST}`]: app.id,
      "a.test/none:latest": none.id,
    });
    await use(root, app);
  });
}

Deno.test({
  name: "dockerDaemon() finds images by name, digest and start of identifier",
  ignore,
  fn: () =>
    withRoot(async (dockerRoot, { id }) => {
      const references = ["app:1", "docker.io/library/app:1", `sha256:${id}`, id, id.slice(0, 12)];
      for (const name of [...references, `app@${DIGEST}`, DIGEST]) {
        const image = await dockerDaemon(name, { dockerRoot, platform: PLATFORM });
        strictEqual(image.digest, `sha256:${id}`, name);
        deepStrictEqual(image.config?.cmd, ["app"]);
        strictEqual(image.config?.diffIds.length, 3);
        const [{ job }] = image.layers;
        deepStrictEqual(
          job.kind === "directory" && [job.markers, job.directories],
          ["overlay", [2, 1, 0].map((i) => `${dockerRoot}/overlay2/layer${i}/diff`)],
        );
      }
      const none = await openImage("docker-daemon:a.test/none", { dockerRoot, platform: PLATFORM });
      deepStrictEqual(none.layers, []);
    }),
});

Deno.test("dockerDaemon() lists what is there where nothing or too much is found", () =>
  withRoot(async (dockerRoot, { id }) => {
    const options = { dockerRoot, platform: PLATFORM };
    await rejects(dockerDaemon("app", options), {
      code: "NOT_FOUND",
      message: new RegExp(`expected one of:\\n(.*\\n)?.*app:1  linux/amd64  sha256:${id}`),
    });
    await rejects(dockerDaemon("", options), { code: "AMBIGUOUS", message: /a\.test\/none/ });
    await rejects(openImage(dockerRoot, options), { code: "AMBIGUOUS" });
    await rejects(dockerDaemon("app:1", { dockerRoot, platform: "linux/arm64" }), {
      code: "NOT_FOUND",
      message: /for platform "linux\/arm64"/,
    });
    await rejects(dockerDaemon("app:1", { dockerRoot: `${dockerRoot}/overlay2` }), {
      code: "NOT_FOUND",
      message: /there are no images, expected Docker's data root/,
    });
    mkdirSync(`${dockerRoot}/x/image/btrfs/imagedb`, { recursive: true });
    await rejects(dockerDaemon("app:1", { dockerRoot: `${dockerRoot}/x` }), {
      code: "UNSUPPORTED",
      message: /storage driver is "btrfs", expected overlay2/,
    });
  }));

Deno.test("dockerDaemon() finds images of the containerd image store, and of both", () =>
  withDirectory(async (dockerRoot) => {
    const layout = new LayoutFixture();
    const image = layout.addImage({ runtime: { User: "7" } });
    const name = "docker.io/library/app:1";
    const containerdRoot = `${dockerRoot}/containerd/daemon`;
    writeContainerdRoot(containerdRoot, layout, { moby: { [name]: image }, other: { x: image } });
    const options = { dockerRoot, platform: PLATFORM };
    for (const wanted of ["app:1", "", image.digest, image.digest.slice(7, 15)]) {
      const opened = await dockerDaemon(wanted, options);
      strictEqual(opened.digest, image.digest);
      strictEqual(opened.config?.user, "7");
    }
    await rejects(dockerDaemon("x", options), { code: "NOT_FOUND" });
    const classic = writeDockerImage(dockerRoot, "app", 0);
    writeRepositories(dockerRoot, { "app:1": classic.id });
    await rejects(dockerDaemon("app:1", options), {
      code: "AMBIGUOUS",
      message: new RegExp(`2 images match.*\\n.*${classic.id}\\n.*${image.digest}`),
    });
    strictEqual((await dockerDaemon(image.digest, options)).digest, image.digest);
    strictEqual((await dockerDaemon(classic.id, options)).digest, `sha256:${classic.id}`);
    // The containerd of the machine, where Docker uses that.
    const elsewhere = await dockerDaemon("app:1", { dockerRoot: "/nowhere", containerdRoot });
    strictEqual(elsewhere.digest, image.digest);
  }));

/** How a store is broken, and what is said of it. */
const DAMAGE: readonly {
  readonly what: string;
  readonly damage: (root: string, app: WrittenImage) => void;
  readonly code: ImageError["code"];
  readonly message: RegExp;
}[] = [
  {
    what: "a truncated repositories.json",
    damage: (root) => truncate(`${root}/image/overlay2/repositories.json`),
    code: "CORRUPT",
    message: /repositories\.json.*expected JSON/,
  },
  {
    what: "a configuration that is not the one of its digest",
    damage: (root, { id }) => truncate(`${root}/image/overlay2/imagedb/content/sha256/${id}`),
    code: "DIGEST_MISMATCH",
    message: /its digest is sha256:.*expected sha256:/,
  },
  {
    what: "a layer that the database lacks",
    damage: (root, { chains }) => rmSync(database(root, chains[1]), { recursive: true }),
    code: "NOT_FOUND",
    message: /Cannot read layer "sha256:.*expected a complete store/,
  },
  {
    what: "a layer of another digest",
    damage: (root, { chains }) => writeFileSync(`${database(root, chains[1])}/diff`, DIGEST),
    code: "CORRUPT",
    message: /its diff is "sha256:555/,
  },
  {
    what: "a layer over another parent",
    damage: (root, { chains }) => writeFileSync(`${database(root, chains[2])}/parent`, DIGEST),
    code: "CORRUPT",
    message: /its parent is "sha256:555/,
  },
  {
    what: "a directory name that leads out",
    damage: (root, { chains }) => writeFileSync(`${database(root, chains[0])}/cache-id`, "../etc"),
    code: "UNSAFE_PATH",
    message: /its directory is "\.\.\/etc"/,
  },
  {
    what: "a layer whose directory is not there",
    damage: (root) => rmSync(`${root}/overlay2/layer0`, { recursive: true }),
    code: "NOT_FOUND",
    message: /layer0/,
  },
  {
    what: "a layer without link",
    damage: (root) => rmSync(`${root}/overlay2/l/L1`),
    code: "NOT_FOUND",
    message: /l\/L1/,
  },
  {
    what: "a layer below itself",
    damage: (root) => writeFileSync(`${root}/overlay2/layer2/lower`, "l/L1:l/L2:l/L0"),
    code: "CORRUPT",
    message: /is below itself/,
  },
  {
    what: "a directory over others than the layers of the image",
    damage: (root) => writeFileSync(`${root}/overlay2/layer2/lower`, "l/L0:l/L1"),
    code: "CORRUPT",
    message: /expected the 2 of the layers below it/,
  },
  {
    what: "a database that is a link to elsewhere",
    damage: (root) => {
      const file = `${root}/image/overlay2/repositories.json`;
      rmSync(file);
      symlinkSync("/etc/hostname", file);
    },
    code: "UNSAFE_PATH",
    message: /expected a place inside the directory/,
  },
];

for (const { what, damage, code, message } of DAMAGE) {
  Deno.test({
    name: `dockerDaemon() refuses ${what}`,
    ignore,
    fn: () =>
      withRoot(async (dockerRoot, app) => {
        damage(dockerRoot, app);
        const opened = dockerDaemon("app:1", { dockerRoot, platform: PLATFORM });
        await rejects(opened, (error: unknown) => {
          strictEqual(error instanceof ImageError && error.code, code, `${error}`);
          strictEqual(message.test(`${error}`), true, `${error}`);
          return true;
        });
      }),
  });
}

Deno.test({
  name: "dockerDaemon() refuses a store whose owners have a meaning in a user namespace only",
  ignore,
  fn: () =>
    withRoot(async (dockerRoot) => {
      Deno.chownSync(`${dockerRoot}/overlay2`, 0, 100_000);
      await rejects(dockerDaemon("app:1", { dockerRoot, platform: PLATFORM }), {
        code: "UNSUPPORTED",
        message: /belongs to user 0 and group 100000.*user namespace/,
      });
    }),
});

function database(root: string, chain: string): string {
  return `${root}/image/overlay2/layerdb/sha256/${chain.slice(7)}`;
}

function truncate(path: string): void {
  writeFileSync(path, readFileSync(path).subarray(0, 20));
}
