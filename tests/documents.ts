/**
 * The documentation as tests see it: its files, their blocks of code and their links.
 *
 * @module
 */

const ROOT = new URL("..", import.meta.url).pathname;

/** A file of the documentation. */
export interface Document {
  /** From the project's root. */
  readonly path: string;
  /** All of it. */
  readonly text: string;
}

/** The README and everything in docs/. */
export function documents(): Document[] {
  const names = [...Deno.readDirSync(`${ROOT}docs`)].map(({ name }) => `docs/${name}`).sort();
  return ["README.md", ...names].map(readDocument);
}

/** The file at `path` from the project's root. */
export function readDocument(path: string): Document {
  return { path, text: Deno.readTextFileSync(`${ROOT}${path}`) };
}

/** The code blocks of a language, in order. */
export function blocksOf({ text }: Document, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms");
  return [...text.matchAll(pattern)].map((match) => match[1].trim());
}

/**
 * The arguments of every call of the program in the `console` blocks: examples that need a network,
 * an engine or root, and are not run.
 */
export function shownCalls(document: Document): string[][] {
  return blocksOf(document, "console").flatMap((block) =>
    block.replaceAll(/\\\n\s*/g, "").split("\n")
      .filter((line) => line.startsWith("$ "))
      .flatMap((line) => line.slice(2).split(" | "))
      .map(words)
      .flatMap((call) => {
        const start = call.findIndex((word) => /^(oci2rootfs|cli\.ts)$/.test(word));
        return start < 0 ? [] : [call.slice(start + 1)];
      })
  );
}

/** The words of a line of shell, up to a comment or a redirection. */
function words(line: string): string[] {
  const found = [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word);
  const end = found.findIndex((word) => word === ">" || word.startsWith("#"));
  return found.slice(0, end < 0 ? found.length : end)
    .map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, "$1$2"));
}

/** Links of `document` into the project: the file from the project's root, and the heading in it. */
export function linksIn({ path, text }: Document): { file: string; heading: string | null }[] {
  return [...text.matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)/g)].map((match) => {
    const [, target, heading = null] = match;
    const file = target === "" ? path : new URL(target, `file:///${path}`).pathname.slice(1);
    return { file, heading };
  });
}

/** The names of the headings of a document in links. */
export function headingsOf({ text }: Document): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}
