/**
 * Stores of overlay2 layers as Docker lays them out, filled through a real overlay mount of the
 * kernel. Needs root and `mount:overlay`.
 *
 * @module
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { unmount } from "./loop_mount.ts";
import { mustRun } from "./run_tool.ts";

/** A store in a temporary directory. */
export class OverlayStore implements Disposable {
  /** The directory of the store. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "overlay_store_" });
  readonly #ids: string[] = [];
  readonly #options: string;

  /** `options` are those of every mount, as `redirect_dir=on,metacopy=on`. */
  constructor(options = "redirect_dir=on,metacopy=on,index=off,xino=off") {
    this.#options = options;
    mkdirSync(`${this.path}/l`);
    mkdirSync(`${this.path}/mounted`);
  }

  /** Directory of the newest layer. */
  get top(): string {
    return `${this.path}/${this.#ids.at(-1)}`;
  }

  /** Adds an empty layer on top; answers the directory with its files. */
  addLayer(): string {
    const number = this.#ids.length;
    const id = `layer${number}`;
    const link = `LINK${number}`;
    mkdirSync(`${this.path}/${id}/diff`, { recursive: true });
    mkdirSync(`${this.path}/${id}/work`);
    writeFileSync(`${this.path}/${id}/link`, link);
    symlinkSync(`../${id}/diff`, `${this.path}/l/${link}`);
    if (number > 0) {
      const links = this.#ids.map((_, i) => `l/LINK${i}`).reverse();
      writeFileSync(`${this.path}/${id}/lower`, links.join(":"));
    }
    this.#ids.push(id);
    return `${this.path}/${id}/diff`;
  }

  /** Adds a layer of what `change` does to the mounted tree so far. */
  changeLayer(change: (directory: string) => void): void {
    const diff = this.addLayer();
    if (this.#ids.length === 1) return change(diff);
    const lower = this.#ids.slice(0, -1).reverse().map((id) => `${this.path}/${id}/diff`);
    const layers = `lowerdir=${lower.join(":")},upperdir=${diff},workdir=${this.top}/work`;
    this.#mounted(layers, change);
  }

  /** Calls `use` with all layers mounted over each other, read-only. */
  view<T>(use: (directory: string) => T): T {
    const directories = this.#ids.map((id) => `${this.path}/${id}/diff`).reverse();
    // One layer alone is no overlay: an empty one goes below.
    mkdirSync(`${this.path}/empty`, { recursive: true });
    return this.#mounted(`lowerdir=${[...directories, `${this.path}/empty`].join(":")}`, use);
  }

  /** Removes the store. */
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }

  #mounted<T>(layers: string, use: (directory: string) => T): T {
    const place = `${this.path}/mounted`;
    mustRun("mount", ["-t", "overlay", "-o", `${layers},${this.#options}`, "overlay", place]);
    try {
      return use(place);
    } finally {
      unmount(place);
    }
  }
}
