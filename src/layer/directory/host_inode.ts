/**
 * A file of this machine as an inode of the tree.
 *
 * @module
 */
import { displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind, Inode, kindOfMode, type Xattr } from "../../tree/inode.ts";
import type { LayerFile } from "./overlay_lookup.ts";

/**
 * The inode of `file` with `xattrs`. Its access time is its modification time: that of the host
 * changes by reading, and the same files must give the same image.
 *
 * Throws `ImageError` `UNSUPPORTED` for what is no file of any kind that Linux has, and what reading
 * a symbolic link throws.
 */
export function hostInode(file: LayerFile, xattrs: readonly Xattr[]): Inode {
  const { stat } = file;
  const kind = kindOfMode(stat.mode);
  if (kind === undefined) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read "${displayByteString(file.name)}": its mode is 0${stat.mode.toString(8)}, ` +
        "expected a kind of file that is known",
    );
  }
  const inode = new Inode(kind, stat.mode % 0o10000);
  inode.uid = stat.uid;
  inode.gid = stat.gid;
  inode.mtimeSeconds = inode.atimeSeconds = stat.mtimeSeconds;
  inode.mtimeNanoseconds = inode.atimeNanoseconds = stat.mtimeNanoseconds;
  inode.xattrs = xattrs;
  if (kind === FileKind.regular) {
    inode.size = stat.size;
  } else if (kind === FileKind.symlink) {
    inode.target = file.directory.handle.readLink(file.name);
    inode.size = inode.target.length;
  } else if (kind === FileKind.characterDevice || kind === FileKind.blockDevice) {
    inode.deviceMajor = stat.deviceMajor;
    inode.deviceMinor = stat.deviceMinor;
  }
  return inode;
}
