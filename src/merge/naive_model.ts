/**
 * The merge once more, for the property test: a flat map from path to file, and no thought for
 * speed. It shares no code with the real one.
 *
 * @module
 */
import type { LayerEntry } from "../layer/layer_entry.ts";
import { FileKind } from "../tree/inode.ts";

interface NaiveFile {
  readonly id: object;
  readonly kind: FileKind;
  readonly text: string;
  readonly permissions: number;
}
type Files = Map<string, NaiveFile>;

const join = (a: string, b: string) => a === "" ? b : `${a}/${b}`;
const parentOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function removeBelow(files: Files, path: string): void {
  for (const other of [...files.keys()]) {
    if (other.startsWith(path === "" ? "" : `${path}/`)) files.delete(other);
  }
}

/** Goes along a path; `onMissing` makes a directory or gives up by answering false. */
function resolve(files: Files, path: string, onMissing: (path: string) => boolean): string | null {
  let at = "";
  const todo = path.split("/");
  for (let links = 0; todo.length > 0;) {
    const part = todo.shift()!;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      at = parentOf(at);
      continue;
    }
    const next = join(at, part);
    const file = files.get(next);
    if (file?.kind === FileKind.symlink) {
      if (++links > 255) throw new Error("loop");
      if (file.text.startsWith("/")) at = "";
      todo.unshift(...file.text.split("/"));
    } else if (file?.kind === FileKind.directory || (!file && onMissing(next))) {
      at = next;
    } else {
      if (file && onMissing !== give) throw new Error("parent is no directory");
      return null;
    }
  }
  return at;
}
const give = () => false;

function resolveOrNull(files: Files, path: string): string | null {
  try {
    return resolve(files, path, give);
  } catch {
    return null;
  }
}

/** Applies the layers, oldest first; throws where a layer cannot be applied. */
export function naiveMerge(layers: readonly LayerEntry<string>[][]): Files {
  const files: Files = new Map();
  for (const entries of layers) {
    const removed: Files = new Map();
    const removedAt = new Map<string, number>();
    const ownDirectories = new Set(
      entries.filter((e) => e.inode?.kind === FileKind.directory).map((e) => e.path),
    );
    const hidden = (path: string): boolean => {
      for (let p = path; p !== ""; p = parentOf(p)) {
        const parent = resolveOrNull(files, parentOf(p));
        if (parent === null) continue;
        const older = files.get(join(parent, nameOf(p)));
        if (older?.kind === FileKind.symlink && ownDirectories.has(p)) return true;
      }
      return false;
    };
    for (const { kind, path, offset } of entries) {
      if (kind !== "whiteout" && kind !== "opaque") continue;
      const textDirectory = kind === "opaque" ? path : parentOf(path);
      const found = resolveOrNull(files, textDirectory);
      if (found === null || hidden(textDirectory)) continue;
      const before = new Map(files);
      const target = kind === "opaque" ? found : join(found, nameOf(path));
      removeBelow(files, target);
      if (kind === "whiteout") files.delete(target);
      for (const [p, f] of before) {
        if (files.has(p)) continue;
        removed.set(p, f);
        removedAt.set(p, offset);
      }
    }
    const make = (path: string): boolean => {
      const older = removed.get(path);
      const permissions = older?.kind === FileKind.directory ? older.permissions : 0o755;
      files.set(path, { id: {}, kind: FileKind.directory, text: "", permissions });
      return true;
    };
    const put = (path: string, file: NaiveFile) => {
      if (file.kind === FileKind.directory && files.get(path)?.kind === FileKind.directory) {
        files.set(path, file);
        return;
      }
      removeBelow(files, path);
      files.set(path, file);
    };
    // A waiting link holds its name by a placeholder until its target is there.
    let waiting: { path: string; target: string; placeholder: NaiveFile }[] = [];
    const find = (target: string) => {
      const parent = resolveOrNull(files, parentOf(target));
      const file = parent === null ? undefined : files.get(join(parent, nameOf(target)));
      if (file?.kind === FileKind.directory) throw new Error("link to a directory");
      return waiting.some(({ placeholder }) => placeholder === file) ? undefined : file;
    };
    for (const entry of entries) {
      if (entry.kind === "opaque" || entry.kind === "whiteout") {
        try {
          resolve(files, entry.kind === "opaque" ? entry.path : parentOf(entry.path), make);
        } catch {
          // Below a file, or behind a loop of links, there is nothing to hide.
        }
        continue;
      }
      const path = join(resolve(files, parentOf(entry.path), make)!, nameOf(entry.path));
      if (entry.kind === "node") {
        const { kind, permissions, content, target } = entry.inode;
        put(path, { id: entry.inode, kind, permissions, text: content ?? target });
        continue;
      }
      let found = find(entry.target);
      if (found === undefined && (removedAt.get(entry.target) ?? -1) > entry.offset) {
        // To an entry in front of the mark, what the mark removes is still there.
        found = removed.get(entry.target);
        if (found?.kind === FileKind.directory) throw new Error("link to a directory");
      }
      const placeholder = { id: {}, kind: FileKind.regular, text: "", permissions: 0 };
      if (found === undefined) waiting.push({ path, target: entry.target, placeholder });
      put(path, found ?? placeholder);
    }
    waiting = waiting.filter(({ path, placeholder }) => files.get(path) === placeholder);
    while (waiting.length > 0) {
      const link = waiting.find(({ target }) => find(target));
      if (link === undefined) throw new Error("link to nothing");
      put(link.path, find(link.target)!);
      waiting = waiting.filter((other) => other !== link);
    }
  }
  return files;
}
