/**
 * Challenges of the header field `WWW-Authenticate` (RFC 9110, section 11.6.1), read leniently:
 * registries leave out quotes, and put several challenges into one field or several fields.
 *
 * @module
 */

/** One way to authorize oneself. */
export interface Challenge {
  /** Its name in lower case, as `bearer`. */
  readonly scheme: string;
  /** Its parameters by their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A longer field is not read at all. */
const LONGEST_FIELD = 16 * 1024;
const SCHEMES: ReadonlySet<string> = new Set(["basic", "bearer", "digest", "negotiate", "ntlm"]);

const SEPARATORS = /[\s,]*/y;
const WORD = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)(?:"|\\?$)/y;
const UNQUOTED = /[^\s,]*/y;

/** Reads all challenges of a field; what makes no sense is passed over. */
export function parseChallenges(field: string | null): Challenge[] {
  if (field === null || field.length > LONGEST_FIELD) return [];
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let lastName = "";
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (true) {
    take(SEPARATORS);
    if (at >= field.length) return challenges;
    const word = take(WORD)?.[0];
    if (word === undefined) {
      at++;
      continue;
    }
    const current = challenges.at(-1);
    if (take(EQUALS) !== null) {
      const quoted = take(QUOTED);
      const value = quoted === null ? take(UNQUOTED)?.[0] ?? "" : quoted[1].replace(/\\(.)/g, "$1");
      lastName = word.toLowerCase();
      // The first of several parameters of one name counts.
      if (current !== undefined && !current.parameters.has(lastName)) {
        current.parameters.set(lastName, value);
      }
    } else if (SCHEMES.has(word.toLowerCase()) || /\s/.test(field.charAt(at))) {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
      lastName = "";
    } else if (current !== undefined && lastName !== "") {
      // The rest of a list that should have been quoted, as in `scope=repository:a:pull,push`.
      current.parameters.set(lastName, `${current.parameters.get(lastName)},${word}`);
    }
  }
}
