/**
 * What overlayfs writes on files of a layer for itself: extended attributes below a prefix of its
 * own, and character devices 0:0.
 *
 * Spec: Linux Documentation/filesystems/overlayfs.rst, sections "whiteouts and opaque directories",
 * "redirect_dir", "Metadata only copy up" and "Nesting overlayfs mounts".
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { HostStat, HostXattr } from "../../io/host_files.ts";
import { canonicalXattrs, FileKind, kindOfMode, type Xattr } from "../../tree/inode.ts";

/** Prefixes of the attributes: of root, and of mounts by users (`userxattr`). */
const PREFIXES = ["trusted.overlay.", "user.overlay."] as const;
/** Behind a prefix: the attribute belongs to an overlay inside this one, one level less deep. */
const ESCAPE = "overlay.";
/** Longest target of a redirection, as the kernel has it (`PATH_MAX`). */
const LONGEST_REDIRECT = 4096;

/** What the markers of a file mean. */
export interface OverlayMarks {
  /** A directory that hides all that lower layers have in it. */
  readonly isOpaque: boolean;
  /** An empty file that stands for a whiteout. */
  readonly isWhiteout: boolean;
  /** A regular file whose bytes are in a lower layer. */
  readonly isMetacopy: boolean;
  /** Under which name lower layers have it: absolute, or a name in the same directory. */
  readonly redirect: ByteString | null;
}

/** What the attributes of a file say to overlayfs. */
export function readOverlayMarks(xattrs: readonly HostXattr[]): OverlayMarks {
  const redirect = marker(xattrs, "redirect");
  const opaque = marker(xattrs, "opaque");
  return {
    // "x" says that the directory may have whiteouts that are attributes.
    isOpaque: opaque !== null && byteStringFrom(opaque) === "y",
    isWhiteout: marker(xattrs, "whiteout") !== null,
    isMetacopy: marker(xattrs, "metacopy") !== null,
    redirect: redirect === null ? null : parseRedirect(byteStringFrom(redirect)),
  };
}

/** The attributes that a file has in the mounted overlay: none of the markers, nested ones unescaped. */
export function visibleXattrs(xattrs: readonly HostXattr[]): readonly Xattr[] {
  return canonicalXattrs(xattrs.flatMap((xattr) => {
    const prefix = PREFIXES.find((it) => xattr.name.startsWith(it));
    if (prefix === undefined) return [xattr];
    if (!xattr.name.startsWith(ESCAPE, prefix.length)) return [];
    return [{ name: prefix + xattr.name.slice(prefix.length + ESCAPE.length), value: xattr.value }];
  }));
}

/** Whether a file is the usual form of a whiteout. */
export function isWhiteoutDevice({ mode, deviceMajor, deviceMinor }: HostStat): boolean {
  return kindOfMode(mode) === FileKind.characterDevice && deviceMajor === 0 && deviceMinor === 0;
}

function marker(xattrs: readonly HostXattr[], name: string): Uint8Array | null {
  for (const prefix of PREFIXES) {
    const found = xattrs.find((xattr) => xattr.name === prefix + name);
    if (found !== undefined) return found.value;
  }
  return null;
}

/** Checks a redirection. Throws `ImageError` `CORRUPT`, or `UNSAFE_PATH` where it leaves the layer. */
function parseRedirect(text: ByteString): ByteString {
  const names = text.startsWith("/") ? text.slice(1).split("/") : [text];
  if (names.some((name) => name === "." || name === "..")) {
    throw refused("UNSAFE_PATH", text, "it leads out of its layer");
  }
  const isName = (name: ByteString) => name !== "" && !name.includes("/") && !name.includes("\0");
  if (text.length > LONGEST_REDIRECT || !names.every(isName)) {
    throw refused("CORRUPT", text, "it is no path");
  }
  return text;
}

function refused(code: "CORRUPT" | "UNSAFE_PATH", text: ByteString, observed: string): ImageError {
  return new ImageError(
    code,
    `Cannot follow overlay redirection to "${
      displayByteString(text.slice(0, 120))
    }": ${observed}, ` +
      "expected a name, or a path from the root of the layer",
  );
}
