/**
 * Remarks on tar entries that are left out, bounded in number.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import type { NoticeCode, NoticeListener } from "../../notice.ts";

/** Entries that are named one by one; the rest is counted. */
const MAX_SINGLE_NOTICES = 20;

/** Reports what one archive holds and the tree cannot. */
export class SkipNotices {
  readonly #onNotice: NoticeListener;
  #count = 0;
  #saidTrailing = false;

  /** Creates a reporter to `onNotice`. */
  constructor(onNotice: NoticeListener) {
    this.#onNotice = onNotice;
  }

  /** An entry whose type is no file was passed over. */
  skipped(typeFlag: number, path: ByteString, offset: number): void {
    const type = displayByteString(String.fromCharCode(typeFlag));
    const message = `Tar entry of type "${type}" was left out: it is no file`;
    this.#report("ENTRY_SKIPPED", message, path, offset);
  }

  /** An entry's access control list was left out. */
  aclLost(path: ByteString, offset: number): void {
    const message =
      "An access control list was left out: it is no POSIX list, or names accounts without numbers";
    this.#report("LOSS", message, path, offset);
  }

  /** Bytes that are not zero stand behind the end of the archive. */
  trailing(offset: number): void {
    if (this.#saidTrailing) return;
    this.#saidTrailing = true;
    this.#onNotice({
      code: "TRAILING_DATA",
      message: "Bytes behind the end of the tar archive were ignored",
      where: { offset },
    });
  }

  #report(code: NoticeCode, message: string, path: ByteString, offset: number): void {
    this.#count++;
    if (this.#count > MAX_SINGLE_NOTICES) return;
    this.#onNotice({ code, message, where: { path: displayByteString(path), offset } });
  }

  /** The archive is read: says how many more there were. */
  finish(): void {
    const more = this.#count - MAX_SINGLE_NOTICES;
    if (more <= 0) return;
    this.#onNotice({
      code: "ENTRY_SKIPPED",
      message: `${more} more tar entries were left out, or their access control lists`,
    });
  }
}
