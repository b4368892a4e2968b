/**
 * The edits of one image made ready: layers to add, files to take out, changes of all files.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { bytesOf, displayByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { GivenFile, Layer } from "../layer/layer.ts";
import type { LayerVisitor } from "../layer/layer_entry.ts";
import type { LayerSummary } from "../layer/layer_reading.ts";
import type { Image } from "../source/image.ts";
import { type FileTree, walk } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { type AddedLayer, addedLayer, madeLayer } from "./added_layer.ts";
import { checkEdits } from "./check_edits.ts";
import { Exclusion } from "./exclusion.ts";
import { IdMap, mapIds } from "./id_map.ts";
import type { Addition, ImageEdits } from "./image_edits.ts";
import { initScript, workingDirectory } from "./init_script.ts";
import { expectProgram } from "./needed_program.ts";
import { networkFiles } from "./network_files.ts";
import { Relocation } from "./relocation.ts";

/** Where the script is. */
const INIT_PATH = "init";
/** Directories that the script mounts something on. */
const MOUNT_PATHS = ["proc", "sys", "dev"];
/** Programs that the script needs, each where it may be. */
const INIT_PROGRAMS = [["/bin/sh"], ["/usr/bin/env", "/bin/env"]];
/** Counts up where the same edits begin to mean other bytes. */
const EDITS_NUMBER = 1;

/** What is done to one image. */
export class EditPlan {
  /** Time of what has none of its own, seconds since 1970. */
  readonly createdSeconds: number;
  readonly #edits: ImageEdits;
  readonly #added: readonly AddedLayer[];
  readonly #exclusion: Exclusion;
  readonly #users: IdMap | null;
  readonly #groups: IdMap | null;
  /** Files with an owner of their own. */
  readonly #owned = new Set<Inode>();

  /**
   * Makes the edits of `image` ready; what has no time of its own gets `createdSeconds`.
   *
   * Throws `TypeError` or `RangeError` for edits that make no sense; `ImageError` `NOT_FOUND`,
   * `PERMISSION` or `IO` for files that cannot be added, `NOT_FOUND` or `CORRUPT` for a configuration
   * that cannot be run.
   */
  constructor(image: Image, edits: ImageEdits, createdSeconds: number) {
    checkEdits(edits);
    this.#edits = edits;
    this.#exclusion = new Exclusion(edits.exclude ?? []);
    this.#users = edits.uidMap?.length ? new IdMap("user", edits.uidMap) : null;
    this.#groups = edits.gidMap?.length ? new IdMap("group", edits.gidMap) : null;
    this.createdSeconds = this.#timeOf(createdSeconds);
    this.#added = addedLayers(image, edits, createdSeconds);
  }

  /** What comes on top of the layers of the image, in this order. */
  get layers(): readonly Layer[] {
    return this.#added.map(({ layer }) => layer);
  }

  /** Whether the file at `path` of the image is certainly taken out. */
  excludes(path: string): boolean {
    return this.#exclusion.covers(path);
  }

  /** What reads the added `layer` for `visitor`. */
  visitorOf(layer: Layer, visitor: LayerVisitor): LayerVisitor {
    const { placement, hasOwner } = this.#added.find((it) => it.layer === layer)!;
    return new Relocation(visitor, placement, (inode) => {
      if (hasOwner) this.#owned.add(inode);
    });
  }

  /** The first step, on the tree of the image's own layers. Throws `ImageError` `EXISTS`. */
  takeOut(tree: FileTree): void {
    this.#exclusion.apply(tree);
    if (this.#edits.init === "from-config" && tree.root.children!.has(INIT_PATH)) {
      throw new ImageError(
        "EXISTS",
        `Cannot make /${INIT_PATH}: the image has a file of that name, which its own program may ` +
          "need, expected none",
        { where: { path: INIT_PATH } },
      );
    }
  }

  /** The last step, on the tree with all that was added. Throws `ImageError` that names the path. */
  changeAll(tree: FileTree): void {
    const { owner, mtime, init } = this.#edits;
    if (init === "from-config") {
      for (const paths of INIT_PROGRAMS) expectProgram(tree, paths);
    }
    if (!owner && !mtime && !this.#users && !this.#groups) return;
    const done = new Set<Inode>();
    for (const { path, inode } of walk(tree)) {
      if (inode.kind !== FileKind.directory) {
        if (done.has(inode)) continue;
        done.add(inode);
      }
      if (owner !== undefined && !this.#owned.has(inode)) {
        inode.uid = owner.uid;
        inode.gid = owner.gid;
      }
      try {
        mapIds(inode, this.#users, this.#groups);
      } catch (error) {
        throw error instanceof ImageError ? error.at({ path: displayByteString(path) }) : error;
      }
      this.#changeTimes(inode);
    }
  }

  /** What the result is: the image, and what was done to it. `summaries` are those of the added layers. */
  identity(image: string, summaries: readonly LayerSummary[]): string {
    const { exclude = [], owner, mtime } = this.#edits;
    const parts = [
      EDITS_NUMBER,
      image,
      exclude,
      owner === undefined ? null : [owner.uid, owner.gid],
      this.#users?.ranges ?? [],
      this.#groups?.ranges ?? [],
      mtime === undefined ? null : [mtime.seconds, mtime.clamp ?? false],
      ...this.#added.map(({ layer, placement, hasOwner }, i) => [
        layer.job.kind,
        placement.path,
        placement.permissions,
        placement.owner === null ? null : [placement.owner.uid, placement.owner.gid],
        hasOwner,
        summaries[i].contentDigest,
      ]),
    ];
    const isNone = parts.slice(2).every((part) =>
      part === null || (Array.isArray(part) && part.length === 0)
    );
    if (isNone) return image;
    return `sha256:${createHash("sha256").update(JSON.stringify(parts)).digest("hex")}`;
  }

  #timeOf(seconds: number): number {
    const { mtime } = this.#edits;
    if (mtime === undefined) return seconds;
    return mtime.clamp ? Math.min(seconds, mtime.seconds) : mtime.seconds;
  }

  #changeTimes(inode: Inode): void {
    const { mtime } = this.#edits;
    if (mtime === undefined) return;
    const { seconds, clamp = false } = mtime;
    if (!clamp || isLater(inode.mtimeSeconds, inode.mtimeNanoseconds, seconds)) {
      inode.mtimeSeconds = seconds;
      inode.mtimeNanoseconds = 0;
    }
    if (!clamp || isLater(inode.atimeSeconds, inode.atimeNanoseconds, seconds)) {
      inode.atimeSeconds = seconds;
      inode.atimeNanoseconds = 0;
    }
  }
}

function isLater(seconds: number, nanoseconds: number, limit: number): boolean {
  return seconds > limit || (seconds === limit && nanoseconds > 0);
}

function addedLayers(image: Image, edits: ImageEdits, createdSeconds: number): AddedLayer[] {
  const layers: AddedLayer[] = [];
  const nextIndex = () => image.layers.length + layers.length;
  for (const addition of edits.add ?? []) {
    layers.push(addedLayer(addition, nextIndex(), createdSeconds));
  }
  const made: GivenFile[] = networkFiles(edits).map(({ path, text }) => ({
    kind: "bytes",
    path,
    bytes: bytesOf(utf8ByteString(text)),
    permissions: 0o644,
    mtimeSeconds: createdSeconds,
  }));
  if (edits.init === "from-config") made.push(...initFiles(image, createdSeconds));
  if (made.length > 0) layers.push(madeLayer(made, nextIndex()));
  if (typeof edits.init === "object") {
    const { path: from } = edits.init;
    const init: Addition = { from, to: `/${INIT_PATH}`, kind: "file", permissions: 0o755 };
    layers.push(addedLayer(init, nextIndex(), createdSeconds));
  }
  return layers;
}

/** The script, and directories that it needs where a root filesystem is read-only. */
function initFiles(image: Image, mtimeSeconds: number): GivenFile[] {
  if (image.config === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot make /${INIT_PATH}: the image has no configuration, expected one`,
    );
  }
  const script = initScript(image.config);
  const directory = utf8ByteString(workingDirectory(image.config).slice(1));
  const directories = [...MOUNT_PATHS, ...(directory === "" ? [] : [directory])];
  return [
    ...directories.map((path): GivenFile => ({ kind: "directory", path, mtimeSeconds })),
    { kind: "bytes", path: INIT_PATH, bytes: bytesOf(script), permissions: 0o755, mtimeSeconds },
  ];
}
