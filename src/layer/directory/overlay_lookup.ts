/**
 * Finds a name in a stack of directories as overlayfs does: whiteouts, opaque directories,
 * redirections, and files whose bytes are in a lower layer.
 *
 * Every step leads to a lower layer, so a search ends whatever the markers say.
 *
 * Spec: Linux Documentation/filesystems/overlayfs.rst.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { HostStat, HostXattr } from "../../io/host_files.ts";
import { FileKind, kindOfMode } from "../../tree/inode.ts";
import type { LayerDirectory } from "./layer_directory.ts";
import { isWhiteoutDevice, type OverlayMarks, readOverlayMarks } from "./overlay_markers.ts";

/** A file of one layer. */
export interface LayerFile {
  /** The directory it is in. */
  readonly directory: LayerDirectory;
  /** Its name there. */
  readonly name: ByteString;
  /** What the system says of it. */
  readonly stat: HostStat;
  /** Its extended attributes, markers included. */
  readonly xattrs: readonly HostXattr[];
}

/** A file of the merged tree. */
export interface FoundFile {
  /** Whose metadata counts. */
  readonly top: LayerFile;
  /** Of a regular file: whose bytes count. */
  readonly data: LayerFile;
  /** Of a directory: the directories whose entries are merged in it, newest first. */
  readonly parts: readonly LayerDirectory[];
  /** Gives back what the search has opened, but for the parts. */
  close(): void;
}

/**
 * Looks for `name` in `parts`, the directories of a merged directory; `roots` are the roots of all
 * layers. Newest first. Answers `null` where there is nothing, or a whiteout.
 *
 * Throws `ImageError` `CORRUPT` for markers that make no sense.
 */
export function lookUp(
  roots: readonly LayerDirectory[],
  parts: readonly LayerDirectory[],
  name: ByteString,
): FoundFile | null {
  const search = new Search(name);
  const opened: LayerDirectory[] = [];
  try {
    const found = search.run(roots, parts);
    if (found.length === 0) return null;
    const top = found[0];
    const isDirectory = kindOf(top) === FileKind.directory;
    const data = found[found.length - 1];
    if (search.isMetacopy) throw noData(top);
    if (!isDirectory && data !== top && data.stat.size !== top.stat.size) {
      throw wrongData(top, data);
    }
    const open = (file: LayerFile) => {
      const part = file.directory.child(file.name, file.stat.identity);
      opened.push(part);
      return part;
    };
    return {
      top,
      data,
      parts: isDirectory ? found.map(open) : [],
      close: () => search.close(),
    };
  } catch (error) {
    for (const part of opened) part.close();
    search.close();
    throw error;
  }
}

/** One search through the layers. */
class Search {
  /** The last file that was found has its bytes in a lower layer. */
  isMetacopy = false;
  /** What to look for in the next layer: a name, or a path from the root with a slash in front. */
  #name: ByteString;
  #isDirectory = false;
  #isOver = false;
  readonly #opened: LayerDirectory[] = [];

  constructor(name: ByteString) {
    this.#name = name;
  }

  /** All that is found, newest first. */
  run(roots: readonly LayerDirectory[], parts: readonly LayerDirectory[]): LayerFile[] {
    const found: LayerFile[] = [];
    let places = parts;
    for (let i = 0; i < places.length && !this.#isOver; i++) {
      const place = places[i];
      const file = this.#inLayer(place);
      if (file === null) continue;
      found.push(file);
      if (this.#name.startsWith("/") && places !== roots) {
        places = roots;
        i = place.layer; // The next is the layer below.
      }
    }
    return found;
  }

  close(): void {
    for (const directory of this.#opened) directory.close();
  }

  #inLayer(place: LayerDirectory): LayerFile | null {
    if (!this.#name.startsWith("/")) return this.#single(place, "", this.#name, "");
    let directory = place;
    for (let rest = this.#name.slice(1);;) {
      const slash = rest.indexOf("/");
      const name = slash === -1 ? rest : rest.slice(0, slash);
      const behind = rest.slice(name.length);
      const before = this.#name.slice(0, this.#name.length - rest.length);
      const file = this.#single(directory, before, name, behind);
      if (file === null || behind === "" || kindOf(file) !== FileKind.directory) return file;
      directory = directory.child(name, file.stat.identity);
      this.#opened.push(directory);
      rest = behind.slice(1);
    }
  }

  /** Looks at one component of the name: `before` and `behind` are what stands around it. */
  #single(
    directory: LayerDirectory,
    before: ByteString,
    name: ByteString,
    behind: ByteString,
  ): LayerFile | null {
    const file = fileAt(directory, name);
    if (file === null) return null;
    const isLast = behind === "";
    const kind = kindOf(file);
    const marks = marksOf(file);
    const isDirectory = kind === FileKind.directory;
    const isOther = isDirectory ? false : this.#isDirectory || !isLast;
    const needsRegular = isLast && this.isMetacopy && kind !== FileKind.regular;
    if (isWhiteout(file, marks) || needsRegular || isOther) {
      this.#isOver = true;
      return null;
    }
    if (isDirectory) {
      if (isLast) this.#isDirectory = true;
      if (marks.isOpaque) {
        this.#isOver = true;
        return file;
      }
    } else {
      this.isMetacopy = kind === FileKind.regular && marks.isMetacopy;
      this.#isOver = !this.isMetacopy;
      if (!this.isMetacopy) return file;
    }
    this.#redirect(marks.redirect, before, behind);
    return file;
  }

  #redirect(redirect: ByteString | null, before: ByteString, behind: ByteString): void {
    if (redirect === null) return;
    if (redirect.startsWith("/")) {
      this.#name = redirect + behind;
      // An opaque directory on the way does not stop a search that continues elsewhere.
      this.#isOver = false;
    } else {
      this.#name = before + redirect + behind;
    }
  }
}

/** The file `name` of one layer, `null` where nothing is. */
export function fileAt(directory: LayerDirectory, name: ByteString): LayerFile | null {
  const { handle } = directory;
  const stat = handle.stat(name);
  return stat === null ? null : { directory, name, stat, xattrs: handle.xattrs(name) };
}

function kindOf({ stat }: LayerFile): FileKind | undefined {
  return kindOfMode(stat.mode);
}

function marksOf({ xattrs }: LayerFile): OverlayMarks {
  return xattrs.length === 0 ? NO_MARKS : readOverlayMarks(xattrs);
}

const NO_MARKS: OverlayMarks = readOverlayMarks([]);

function isWhiteout(file: LayerFile, marks: OverlayMarks): boolean {
  return isWhiteoutDevice(file.stat) ||
    (marks.isWhiteout && kindOf(file) === FileKind.regular && file.stat.size === 0);
}

function noData(file: LayerFile): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read "${shownPath(file)}": its bytes are in a lower layer, but none has them, ` +
      "expected a complete chain of layers",
  );
}

function wrongData(file: LayerFile, data: LayerFile): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read "${shownPath(file)}": the lower layer that has its bytes has ` +
      `${data.stat.size} of them, expected ${file.stat.size}`,
  );
}

function shownPath({ directory, name }: LayerFile): string {
  return `${directory.handle.path}/${displayByteString(name)}`;
}
