/**
 * Which differences of two trees count.
 *
 * @module
 */
import { Exclusion } from "../edit/exclusion.ts";
import type { CompareOptions, TreeDifference, TreeField } from "../tree/compare.ts";
import { EXTRA_FIELDS, type ExtraField, FIELD_NAMES } from "./difference_fields.ts";
import { ENGINE_FILES, ENGINE_TIMES } from "./engine_files.ts";

/** The pattern that stands for the files that an engine puts into every container. */
export const DOCKER_EXPORT = "@docker-export";

/** What may differ. */
export interface DifferenceOptions {
  /** Fields that may differ; `xattrs:NAME` is one attribute. */
  readonly ignore?: readonly string[];
  /** Fields to compare besides the usual ones. */
  readonly also?: readonly ExtraField[];
  /**
   * Patterns of paths that are passed over with all below, as `ImageEdits.exclude` has them;
   * `@docker-export` is the files that `docker export` adds.
   */
  readonly ignorePath?: readonly string[];
}

/** The rules of one comparison. */
export class DifferenceRules {
  readonly #fields: readonly TreeField[];
  readonly #attributes: ReadonlySet<string>;
  readonly #exclusion: Exclusion;
  readonly #isExport: boolean;

  /** Throws `TypeError` for a field that is none, or a pattern that names the root. */
  constructor({ ignore = [], also = [], ignorePath = [] }: DifferenceOptions) {
    this.#isExport = ignorePath.includes(DOCKER_EXPORT);
    const patterns = ignorePath.filter((pattern) => pattern !== DOCKER_EXPORT);
    this.#exclusion = new Exclusion([...patterns, ...(this.#isExport ? ENGINE_FILES : [])]);
    const attributes = ignore.filter((field) => field.startsWith("xattrs:"));
    this.#attributes = new Set(attributes.map((field) => field.slice("xattrs:".length)));
    const unwanted = EXTRA_FIELDS.filter((field) => !also.includes(field));
    const fields = [...unwanted, ...ignore.filter((field) => !attributes.includes(field))];
    this.#fields = fields.map(fieldNamed);
  }

  /** What `compareTrees` can do of it. */
  get compareOptions(): CompareOptions {
    return {
      ignore: this.#fields,
      ignorePath: this.#exclusion.isEmpty ? undefined : (path) => this.#exclusion.covers(path),
    };
  }

  /** Whether a difference counts that `compareTrees` found. */
  counts({ path, what, xattrName }: TreeDifference): boolean {
    if (what === "xattr") return !this.#attributes.has(xattrName);
    return !(what === "mtime" && this.#isExport && ENGINE_TIMES.has(path));
  }
}

function fieldNamed(name: string): TreeField {
  const field = Object.entries(FIELD_NAMES).find(([known]) => known === name);
  if (field !== undefined) return field[1];
  throw new TypeError(
    `Cannot ignore field "${name}", expected one of ${Object.keys(FIELD_NAMES).join(", ")} or ` +
      "xattrs:NAME",
  );
}
