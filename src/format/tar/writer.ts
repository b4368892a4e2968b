/**
 * Writes a tar archive: bodies wait in a spool, then all members follow in the order of the tree.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { opaquePath, readsAsDeletion, whiteoutPath } from "../../layer/whiteout.ts";
import { type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { DirectoryMarks, LayerMarks } from "../../tree/layer_marks.ts";
import type { FileWriter, ImageWriter, WriterContext, WriteReport } from "../image_format.ts";
import { LossLog } from "../loss.ts";
import { OrderedOutput } from "../ordered_output.ts";
import { piecesOf, Spool, type SpooledContent } from "../spool.ts";
import { BLOCK_SIZE, TypeFlag } from "./header.ts";
import { memberHeaders, typeFlagOf } from "./member.ts";
import type { ResolvedTarOptions } from "./options.ts";
import { sparseMember } from "./sparse_map_writer.ts";

/** Writes one archive. */
export class TarWriter implements ImageWriter<SpooledContent> {
  readonly #options: ResolvedTarOptions;
  readonly #context: WriterContext;
  readonly #spool: Spool;
  readonly #output: OrderedOutput;
  readonly #losses: LossLog;
  /** Files that have several names, by the first of them. */
  readonly #firstNames = new Map<Inode, ByteString>();
  #memberCount = 0;

  /** Begins an archive in `sink`. */
  constructor(sink: ByteSink, context: WriterContext, options: ResolvedTarOptions) {
    this.#options = options;
    this.#context = context;
    this.#spool = new Spool(context.scratchDirectory);
    this.#output = new OrderedOutput(sink, options.compression);
    this.#losses = new LossLog("tar", options.onLoss);
  }

  /** Begins a file of `size` bytes. */
  beginFile(size: number): FileWriter<SpooledContent> {
    return this.#spool.beginFile(size);
  }

  /** A body that nobody names is not copied. */
  release(): void {}

  /** Writes all members. Throws `ImageError` `UNSUPPORTED` with the path for what tar cannot hold. */
  async finish(tree: FileTree<SpooledContent>): Promise<WriteReport> {
    const output = this.#output;
    for (const { path, inode } of walk(tree)) {
      const marks = tree.marks?.get(inode);
      if (tree.marks !== undefined) this.#checkName(path);
      if (!marks?.isInherited) await this.#writeMember(path, inode);
      if (inode.children !== null && tree.marks !== undefined) {
        this.#writeDeletions(path, inode, marks, tree.marks);
      }
      if (output.isFull) await output.drain();
    }
    // The end of an archive: two blocks of zeros.
    output.write(new Uint8Array(2 * BLOCK_SIZE));
    const imageSize = await output.end();
    this.#losses.report(this.#context.onNotice);
    return {
      format: "tar",
      imageSize,
      writtenBytes: output.writtenBytes,
      details: {
        compression: this.#options.compression.name,
        uncompressedSize: output.position,
        members: this.#memberCount,
      },
    };
  }

  /** Gives the spool and the compressor back. */
  close(): void {
    this.#output.close();
    this.#spool.close();
  }

  async #writeMember(path: ByteString, inode: Inode<SpooledContent>): Promise<void> {
    const first = this.#firstNames.get(inode);
    if (first !== undefined) {
      const { hardLink } = TypeFlag;
      return this.#put(inode, { name: path, typeFlag: hardLink, linkName: first, size: 0 });
    }
    const typeFlag = typeFlagOf(inode.kind);
    if (typeFlag === undefined) {
      return this.#losses.add(path, "file type (socket)", "the format has none");
    }
    if (inode.kind !== FileKind.directory && inode.linkCount !== 1) {
      this.#firstNames.set(inode, path);
    }
    if (inode.kind === FileKind.directory) {
      const name = path === "" ? "./" : `${path}/`;
      return this.#put(inode, { name, typeFlag, linkName: "", size: 0 });
    }
    if (inode.kind !== FileKind.regular) {
      return this.#put(inode, { name: path, typeFlag, linkName: inode.target, size: 0 });
    }
    await this.#writeFile(path, inode, typeFlag);
  }

  /** Before anything else of a directory: to some readers a whiteout removes what came before it. */
  #writeDeletions(
    path: ByteString,
    directory: Inode,
    marks: DirectoryMarks | undefined,
    all: LayerMarks,
  ): void {
    if (marks?.isOpaque) this.#putDeletion(opaquePath(path));
    const replaced = [...directory.children!]
      .filter(([, child]) => all.get(child)?.isReplaced)
      .map(([name]) => name);
    for (const name of [...marks?.removed ?? [], ...replaced].sort()) {
      this.#putDeletion(whiteoutPath(path, name));
    }
  }

  #putDeletion(name: ByteString): void {
    const inode = new Inode(FileKind.regular, 0o600);
    inode.mtimeSeconds = inode.atimeSeconds = this.#context.createdSeconds;
    this.#put(inode, { name, typeFlag: TypeFlag.regular, linkName: "", size: 0 });
  }

  #checkName(path: ByteString): void {
    if (!readsAsDeletion(path)) return;
    const shown = displayByteString(path);
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot write "${shown}" to a layer: its name means a whiteout there, expected another`,
      { where: { path: shown } },
    );
  }

  async #writeFile(
    path: ByteString,
    inode: Inode<SpooledContent>,
    typeFlag: string,
  ): Promise<void> {
    const { size, content } = inode;
    const sparse = this.#options.sparse ? sparseMember(content, size) : null;
    const shape = { name: path, typeFlag, linkName: "" };
    if (sparse === null) {
      this.#put(inode, { ...shape, size });
      await this.#output.copy(this.#spool, piecesOf(content, size));
    } else {
      this.#put(inode, { ...shape, size: sparse.size, sparseSize: size });
      this.#output.write(sparse.map);
      await this.#output.copy(this.#spool, sparse.pieces);
    }
    this.#output.pad(BLOCK_SIZE);
  }

  #put(inode: Inode, shape: Parameters<typeof memberHeaders>[1]): void {
    this.#memberCount++;
    this.#output.write(memberHeaders(inode, shape));
  }
}
