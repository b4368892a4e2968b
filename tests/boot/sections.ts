/**
 * What a script prints, cut where it says `== NAME`.
 *
 * @module
 */

/** The lines of each section under its name. */
export function sectionsOf(output: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  for (const section of output.split(/^== /m).slice(1)) {
    const [name, ...lines] = section.trimEnd().split("\n");
    sections.set(name, lines);
  }
  return sections;
}
