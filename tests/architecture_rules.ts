/**
 * The rules of the folder layout, as a function from sources to violations.
 *
 * @module
 */
import { posix } from "node:path";

/** A source file: its path from the project's root, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Parts that every part may use: errors and notices. */
const FLOOR = ["src/image_error.ts", "src/notice.ts"];

/**
 * Which folders of src/ each folder may import from. A folder stands for its own files; a folder
 * below it (`format/ext4`) is named for itself. Its own files are always allowed.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  fsverity: ["bytes", "io"],
  io: ["bytes"],
  oci: ["bytes"],
  tree: ["bytes"],
  compress: [],
  layer: ["layer/*", "tree", "oci", "io", "bytes"],
  "layer/*": ["layer", "layer/*", "tree", "io", "bytes"],
  merge: ["layer", "tree", "bytes"],
  source: [
    "source/*",
    "disk",
    "format",
    "layer",
    "layer/*",
    "oci",
    "io",
    "bytes",
  ],
  "source/*": ["source", "source/*", "layer", "oci", "io", "bytes"],
  // The one table of sources; those of composefs are written with the vocabulary of `source`, and every
  // format that can be read is one.
  transport: ["source", "source/*", "composefs/*", "format", "oci"],
  edit: ["source", "merge", "layer", "tree", "oci", "io", "bytes"],
  format: ["format/*", "compress", "tree", "io", "bytes"],
  // Its header fields and the names of whiteouts are those of the parser.
  "format/tar": ["format", "layer", "layer/*", "tree", "io", "bytes"],
  "format/*": ["format", "compress", "fsverity", "tree", "io", "bytes"],
  disk: ["format", "io", "bytes", "compress", "tree"],
  composefs: [
    "composefs/*",
    "source",
    "format",
    "fsverity",
    "layer",
    "tree",
    "oci",
    "io",
    "bytes",
  ],
  "composefs/*": [
    "composefs/*",
    "source",
    "merge",
    "format",
    "format/erofs",
    "fsverity",
    "layer",
    "layer/*",
    "tree",
    "oci",
    "io",
    "bytes",
  ],
  convert: [
    "edit",
    "source",
    "merge",
    "format",
    "layer",
    "layer/*",
    "tree",
    "oci",
    "io",
    "bytes",
  ],
  view: [
    "convert",
    "transport",
    "edit",
    "source",
    "source/*",
    "disk",
    "format",
    "layer",
    "tree",
    "io",
    "bytes",
  ],
  verify: [
    "disk",
    "view",
    "edit",
    "format",
    "layer",
    "tree",
    "io",
    "bytes",
  ],
  cli: [
    "cli/*",
    "convert",
    "disk",
    "edit",
    "verify",
    "view",
    "source",
    "source/*",
    "format",
    "layer",
    "tree",
    "oci",
    "io",
    "bytes",
  ],
  "cli/*": [
    "cli",
    "transport",
    "convert",
    "disk",
    "edit",
    "verify",
    "view",
    "source",
    "source/*",
    "format",
    "composefs/*",
    "tree",
    "oci",
    "io",
    "bytes",
  ],
};

/** Folders that may touch the operating system. */
const MAY_TOUCH_SYSTEM = ["io", "source", "layer", "composefs", "cli"];

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|shared|types|constants)$/;
/** Lines a file may have. */
export const MAX_LINES = 500;
/** Lines from which on a file is long. */
export const LONG_LINES = 350;

/** Everything in `files` that breaks a rule, as `PATH[:LINE]: WHAT`. */
export function violationsIn(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...nameViolations(file),
    ...lineViolations(file),
    ...(file.path.startsWith("src/") ? importViolations(file) : []),
  ]);
}

/** Lines of a file, the last line break not counted as one more. */
export function lineCount(file: SourceFile): number {
  return file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);
}

function nameViolations(file: SourceFile): string[] {
  const found: string[] = [];
  const name = posix.basename(file.path, ".ts");
  if (!/^[a-z0-9]+(_[a-z0-9]+)*$/.test(name)) found.push(`${file.path}: name is not snake_case`);
  if (FORBIDDEN_NAMES.test(name)) found.push(`${file.path}: name says nothing`);
  const lines = lineCount(file);
  if (lines > MAX_LINES) found.push(`${file.path}: has ${lines} lines, expected ${MAX_LINES}`);
  return found;
}

/** What must not stand in a line of code; `applies` says in which files. */
const LINE_RULES: readonly {
  readonly pattern: RegExp;
  readonly what: string;
  readonly applies: (path: string) => boolean;
}[] = [
  { pattern: /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s/, what: "enum", applies: always },
  { pattern: /^export default\b|\bas default\b/, what: "default export", applies: always },
  {
    pattern: /^\s+(private|protected)\s(?!constructor\b)/,
    what: "private keyword",
    applies: always,
  },
  {
    pattern: /\b(from|import)\s*\(?\s*["'](jsr|npm|https?):/,
    what: "remote import",
    applies: isSource,
  },
  { pattern: /^(export\s+)?(let|var)\s/, what: "module state", applies: isSource },
  { pattern: /\bconsole\./, what: "console outside cli", applies: isBelowCli },
  { pattern: /\bDeno\.exit\b/, what: "exit outside cli", applies: isBelowCli },
  {
    pattern: /\bDeno\.|["']node:fs(\/promises)?["']|["']node:child_process["']/,
    what: "system access",
    applies: (path) => isBelowCli(path) && !MAY_TOUCH_SYSTEM.some((it) => isInFolder(path, it)),
  },
  {
    pattern: /\.wh\./,
    what: "whiteout name outside layer",
    applies: (path) => isSource(path) && !isInFolder(path, "layer"),
  },
  {
    pattern: /["'`](trusted|user)\.overlay\./,
    what: "overlay marker outside its reader",
    applies: (path) =>
      isSource(path) && !isInFolder(path, "layer/directory") &&
      !isInFolder(path, "composefs/image"),
  },
  {
    pattern: /["']@optique\//,
    what: "command line library outside cli",
    applies: (path) => isSource(path) && !isInFolder(path, "cli"),
  },
];

function lineViolations(file: SourceFile): string[] {
  const found: string[] = [];
  const rules = LINE_RULES.filter((rule) => rule.applies(file.path));
  file.text.split("\n").forEach((line, i) => {
    // These stand in comments.
    if (/@ts-(ignore|nocheck)/.test(line) && !isRules(file.path)) {
      found.push(`${file.path}:${i + 1}: unchecked types`);
    }
    if (/\b(TODO|FIXME|XXX)\b/.test(line) && !isRules(file.path)) {
      found.push(`${file.path}:${i + 1}: unfinished work`);
    }
    if (/^\s*(\/\/|\/\*|\*)/.test(line)) return;
    const code = line.replace(/\s\/\/ .*$/, "");
    for (const rule of rules) {
      if (rule.pattern.test(code)) found.push(`${file.path}:${i + 1}: ${rule.what}`);
    }
  });
  return found;
}

/** Entries of {@linkcode MAY_IMPORT} that no import of `files` needs, as `FOLDER -> FOLDER`. */
export function unusedEntries(files: readonly SourceFile[]): string[] {
  const used = new Set<string>();
  for (const file of files) {
    if (!isSource(file.path)) continue;
    const from = folderOf(file.path);
    const key = MAY_IMPORT[from] === undefined ? wildcardOf(from) : from;
    for (const path of importedBy(file)) {
      const to = folderOf(path);
      for (const name of [to, wildcardOf(to)]) used.add(`${key} -> ${name}`);
      // A door of a format.
      if (to.startsWith("format/")) used.add(`${key} -> format`);
    }
  }
  return Object.entries(MAY_IMPORT)
    .flatMap(([from, allowed]) => allowed.map((to) => `${from} -> ${to}`))
    .filter((entry) => !used.has(entry));
}

/** Folders of src/ that need themselves by way of others, sorted; folders below them count to them. */
export function foldersInCycles(files: readonly SourceFile[]): string[] {
  const needs = new Map<string, Set<string>>();
  const topOf = (path: string) => folderOf(path).split("/")[0];
  for (const file of files) {
    if (!isSource(file.path)) continue;
    const from = topOf(file.path);
    const needed = needs.get(from) ?? new Set();
    needs.set(from, needed);
    for (const path of importedBy(file)) if (topOf(path) !== from) needed.add(topOf(path));
  }
  const reachable = (start: string) => {
    const found = new Set(needs.get(start));
    for (const folder of found) needs.get(folder)?.forEach((it) => found.add(it));
    return found;
  };
  return [...needs.keys()].filter((folder) => reachable(folder).has(folder)).sort();
}

/** Files of the project that `file` imports, by their paths. */
function importedBy(file: SourceFile): string[] {
  return importsOf(file.text).filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.normalize(posix.join(posix.dirname(file.path), specifier)));
}

function importViolations(file: SourceFile): string[] {
  const found: string[] = [];
  if (isTestFile(file.path)) return found;
  const from = folderOf(file.path);
  const allowed = MAY_IMPORT[from] ?? MAY_IMPORT[wildcardOf(from)];
  if (allowed === undefined && from !== "") {
    return [`${file.path}: folder ${from} is not in the table of dependencies`];
  }
  for (const path of importedBy(file)) {
    if (FLOOR.includes(path) || path === "deno.json") continue;
    if (isTestFile(path) || !path.startsWith("src/")) {
      found.push(`${file.path}: imports ${path}, which is not part of the program`);
      continue;
    }
    const to = folderOf(path);
    if (to === from || allowed?.includes(to) || allowed?.includes(wildcardOf(to))) continue;
    // A door of the format folder is the only way in, except for the table of formats.
    if (from !== "format" && to.startsWith("format/") && allowed?.includes("format")) {
      if (posix.basename(path) === "format.ts" && !from.startsWith("format/")) continue;
    }
    found.push(`${file.path}: imports ${path}`);
  }
  return found;
}

/** The specifiers of all imports and re-exports, dynamic ones and worker modules included. */
export function importsOf(text: string): string[] {
  const pattern =
    /^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']|\bnew URL\(\s*["'](\.[^"']+)["']\s*,\s*import\.meta\.url/gm;
  return [...withoutComments(text).matchAll(pattern)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? match[4]);
}

function withoutComments(text: string): string {
  return text.split("\n").filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line)).join("\n");
}

/** `format/ext4` for `src/format/ext4/x.ts`, empty for files of src/ itself. Deeper folders count to theirs. */
function folderOf(path: string): string {
  return posix.dirname(path).split("/").slice(1, 3).join("/");
}

function wildcardOf(folder: string): string {
  return folder.includes("/") ? `${folder.split("/")[0]}/*` : folder;
}

function isInFolder(path: string, folder: string): boolean {
  return path.startsWith(`src/${folder}/`);
}

/** Tests and what only they use: the test itself, or a fixture or model of it. */
function isTestFile(path: string): boolean {
  return /_(test|fixture|recorder)\.ts$|^tests\//.test(path) ||
    /\/(assert_layout|naive_model)\.ts$/.test(path);
}

function isSource(path: string): boolean {
  return path.startsWith("src/") && !isTestFile(path);
}

function isBelowCli(path: string): boolean {
  return (isSource(path) && !isInFolder(path, "cli")) || path === "mod.ts";
}

function isRules(path: string): boolean {
  return path.startsWith("tests/architecture_");
}

function always(path: string): boolean {
  return !isRules(path);
}
