/**
 * `oci2rootfs composefs`: finds the command, and loads only that.
 *
 * @module
 */
import { showLog } from "../../debug_log.ts";
import type { ExitCode } from "../../exit_code.ts";
import type { Terminal } from "../../terminal.ts";
import type { ComposefsArguments } from "./composefs_options.ts";

/** Runs a command on a repository. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runComposefs(
  args: ComposefsArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  showLog(terminal, args);
  switch (args.action) {
    case "init":
      await (await import("./init.ts")).runInit(args, terminal, signal);
      return 0;
    case "pull":
      await (await import("./pull.ts")).runPull(args, terminal, signal);
      return 0;
    case "import-layer":
      await (await import("./import_layer.ts")).runImportLayer(args, terminal, signal);
      return 0;
    case "import-image":
      await (await import("./import_image.ts")).runImportImage(args, terminal, signal);
      return 0;
    case "copy":
      await (await import("./copy.ts")).runCopy(args, terminal, signal);
      return 0;
    case "images":
      await (await import("./images.ts")).runImages(args, terminal, signal);
      return 0;
    case "inspect":
      await (await import("./inspect.ts")).runInspect(args, terminal, signal);
      return 0;
    case "tag":
    case "untag":
      await (await import("./tags.ts")).runTags(args, signal);
      return 0;
    case "layer":
      await (await import("./layer.ts")).runLayer(args, terminal, signal);
      return 0;
    case "compute-id":
      await (await import("./compute_id.ts")).runComputeId(args, terminal, signal);
      return 0;
    case "compute-karg":
      await (await import("./compute_karg.ts")).runComputeKarg(args, terminal, signal);
      return 0;
    case "dump-oci":
      await (await import("./dump_oci.ts")).runDumpOci(args, terminal, signal);
      return 0;
    case "dump-files":
      await (await import("./dump_files.ts")).runDumpFiles(args, terminal, signal);
      return 0;
    case "mount":
    case "umount":
      await (await import("./mount.ts")).runMount(args, signal);
      return 0;
    case "gc":
      await (await import("./gc.ts")).runGc(args, terminal, signal);
      return 0;
    case "fsck":
      return await (await import("./fsck.ts")).runFsck(args, terminal, signal);
    case "cat-stream":
      await (await import("./cat_stream.ts")).runCatStream(args, terminal, signal);
      return 0;
    case "referrers":
      await (await import("./referrers.ts")).runReferrers(args, terminal, signal);
      return 0;
    default:
      await (await import("./run_image_file.ts")).runImageFile(args, terminal, signal);
      return 0;
  }
}
