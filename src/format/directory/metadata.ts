/**
 * Gives a file that was made its owner, permissions, attributes and times; what the system refuses
 * is lost, and noted.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { TreeMaker } from "../../io/tree_maker.ts";
import { FileKind, type Inode, type Xattr } from "../../tree/inode.ts";
import type { LossLog } from "../loss.ts";
import { ROOTLESS_XATTR, rootlessOwner } from "./rootless_owner.ts";

/** What the system answers to what is not allowed or not possible here. */
const REFUSALS: Readonly<Record<string, string>> = {
  E2BIG: "it is too large",
  EACCES: "permission denied",
  EINVAL: "the system does not take it",
  ENOSPC: "there is no room for it",
  // Linux has one number for both names.
  ENOTSUP: "the file system has none",
  EOPNOTSUPP: "the file system has none",
  ERANGE: "it is too large",
};

/** What not even root may, as `user` attributes of what is neither file nor directory. */
const NOT_PERMITTED = "the system does not permit it";

/** To `chown(2)` the order to leave an owner as it is, so no file can be given to it. */
const NO_ID = 0xffff_ffff;

/** Sets metadata by a maker. */
export class MetadataSetter {
  readonly #maker: TreeMaker;
  readonly #losses: LossLog;
  readonly #hasRootlessXattrs: boolean;

  /** `hasRootlessXattrs` writes owners that are refused into an attribute. */
  constructor(maker: TreeMaker, losses: LossLog, hasRootlessXattrs: boolean) {
    this.#maker = maker;
    this.#losses = losses;
    this.#hasRootlessXattrs = hasRootlessXattrs;
  }

  /** Sets everything of the file `name` in the current directory. */
  set(name: ByteString, path: ByteString, inode: Inode): void {
    const isLink = inode.kind === FileKind.symlink;
    const maker = this.#maker;
    const hasOwner = this.#setOwner(name, path, inode);
    // Before permissions may forbid it; a list is last, since it changes permissions and is changed by them.
    for (const xattr of inode.xattrs) if (!isAcl(xattr)) this.#setXattr(name, path, xattr);
    if (!isLink) {
      const special = Math.floor(inode.permissions / 0o2000);
      // Of another owner than they were meant for, these bits would give rights away.
      if (!hasOwner && special > 0 && inode.kind !== FileKind.directory) {
        this.#losses.add(path, "set-user-ID and set-group-ID bits", "its owner could not be set");
        maker.setPermissions(name, inode.permissions % 0o2000);
      } else {
        maker.setPermissions(name, inode.permissions);
      }
    }
    for (const xattr of inode.xattrs) if (isAcl(xattr)) this.#setXattr(name, path, xattr);
    maker.setTimes(name, inode);
  }

  /** Does something that may be refused; answers whether it was done, or something in its place. */
  attempt(
    path: ByteString,
    what: string,
    action: () => void,
    instead: () => boolean = () => false,
  ): boolean {
    try {
      action();
      return true;
    } catch (error) {
      const reason = this.#refusalOf(error);
      if (reason === undefined) throw error;
      if (!instead()) this.#losses.add(path, what, reason);
      return false;
    }
  }

  #setOwner(name: ByteString, path: ByteString, inode: Inode): boolean {
    const { uid, gid } = inode;
    const write = () => this.#writeOwner(name, inode);
    if (uid !== NO_ID && gid !== NO_ID) {
      return this.attempt(path, "owner", () => this.#maker.setOwner(name, uid, gid), write);
    }
    if (!write()) this.#losses.add(path, "owner", "the system has no such number");
    return false;
  }

  #setXattr(name: ByteString, path: ByteString, xattr: Xattr): void {
    this.attempt(
      path,
      `attribute ${xattr.name.replace(/[^\x20-\x7e]/g, "?")}`,
      () => this.#maker.setXattr(name, xattr.name, xattr.value),
    );
  }

  /** The attribute can be on files and directories only. */
  #writeOwner(name: ByteString, inode: Inode): boolean {
    const canHave = inode.kind === FileKind.regular || inode.kind === FileKind.directory;
    if (!this.#hasRootlessXattrs || !canHave) return false;
    try {
      this.#maker.setXattr(name, ROOTLESS_XATTR, rootlessOwner(inode.uid, inode.gid));
      return true;
    } catch (error) {
      if (this.#refusalOf(error) === undefined) throw error;
      return false;
    }
  }

  /** Why the system refused, `undefined` for errors of other kinds. */
  #refusalOf(error: unknown): string | undefined {
    if (!(error instanceof ImageError)) return undefined;
    const code = (error.cause as { code?: string } | undefined)?.code ?? "";
    if (code === "EPERM") return this.#maker.isAdministrator ? NOT_PERMITTED : "only root may";
    return Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  }
}

function isAcl({ name }: Xattr): boolean {
  return name.startsWith("system.");
}
