/**
 * What can be changed in an image on its way into a root filesystem, as plain values.
 *
 * @module
 */

/** Owner of a file. */
export interface Owner {
  /** User, 0 to 2^32 - 2. */
  readonly uid: number;
  /** Group, 0 to 2^32 - 2. */
  readonly gid: number;
}

/** A range of user or group ids and what becomes of it. */
export interface IdRange {
  /** First id in the image. */
  readonly from: number;
  /** First id in the result. */
  readonly to: number;
  /** How many ids there are in the range. */
  readonly count: number;
}

/** What is put into an image: a file, or the content of a directory or of a tar archive. */
export interface Addition {
  /** A path on this machine, symbolic links followed, or the bytes of a file. */
  readonly from: string | Uint8Array;
  /**
   * Where it goes: an absolute path in the image. A file goes *into* it where it ends with a slash;
   * the content of a directory or archive always does.
   */
  readonly to: string;
  /**
   * What `from` is.
   *
   * @default what is there: a directory; an archive, where the name ends as those of archives do
   * (`.tar`, `.tar.gz`, `.tgz`, `.tar.zst`, `.tar.xz`, `.tar.bz2`…); else a file
   */
  readonly kind?: "file" | "directory" | "tar";
  /**
   * Permission bits of a file; refused for directories and archives, whose files have their own.
   *
   * @default those that the file has on this machine, 0644 for bytes
   */
  readonly permissions?: number;
  /**
   * Owner of all that is added.
   *
   * @default root for files and directories of this machine, what the archive says for an archive
   */
  readonly owner?: Owner;
}

/** A name that `/etc/hosts` gives to an address. */
export interface HostAddress {
  /** Name of a machine. */
  readonly name: string;
  /** IPv4 or IPv6 address. */
  readonly address: string;
}

/**
 * Changes of an image. They are made in this order, whatever the order they are given in:
 *
 * 1. `exclude` takes files out of the image.
 * 2. `add` puts files in, in their order, then `hostname`, `dns`, `hosts` and `init`. What is added
 *    takes the place of files, never of directories: those keep their owner, permissions and times,
 *    and symbolic links to directories are followed.
 * 3. `owner`, then `uidMap` and `gidMap`, then `mtime` change every file, added ones too.
 */
export interface ImageEdits {
  /** Files that are put into the image. */
  readonly add?: readonly Addition[];
  /**
   * Patterns of paths that are taken out of the image, directories with all that is in them. A
   * pattern without a slash is compared with the name of every file, another one with the whole
   * path from the root. `*` and `?` stand for what is within a name, `**` for any directories,
   * `[abc]` and `{a,b}` for a choice; a slash at the end means directories only.
   */
  readonly exclude?: readonly string[];
  /** Owner of every file, but of additions that have one of their own. */
  readonly owner?: Owner;
  /** What becomes of user ids, those in ACLs too; an id in no range is an error. */
  readonly uidMap?: readonly IdRange[];
  /** What becomes of group ids, those in ACLs too; an id in no range is an error. */
  readonly gidMap?: readonly IdRange[];
  /** Modification time of every file. */
  readonly mtime?: {
    /** Whole seconds since 1970. */
    readonly seconds: number;
    /**
     * Only files that are newer get the time.
     *
     * @default {false}
     */
    readonly clamp?: boolean;
  };
  /** Name of the machine, for `/etc/hostname`. */
  readonly hostname?: string;
  /** Addresses of name servers, for `/etc/resolv.conf`. */
  readonly dns?: readonly string[];
  /** Names and addresses for `/etc/hosts`, which gets those of the machine itself too. */
  readonly hosts?: readonly HostAddress[];
  /**
   * The program `/init`: a file of this machine, or a shell script that runs what the image's
   * configuration says (`from-config`).
   */
  readonly init?: { readonly path: string } | "from-config";
}
