/**
 * What stands behind "Usage:": the arguments and what must be given, not all of a command's options,
 * which are listed below it anyway.
 *
 * @module
 */
import type { Usage, UsageTerm } from "@optique/core/usage";

const OPTIONS: UsageTerm = {
  type: "optional",
  terms: [{ type: "argument", metavar: "OPTIONS" }],
};

/** The usage of the program. */
export function mainUsage(): Usage {
  const form: Usage = [
    { type: "argument", metavar: "IMAGE" },
    { type: "option", names: ["-o"], metavar: "OUT" },
    OPTIONS,
  ];
  return [{
    type: "exclusive",
    terms: [form, [{ type: "argument", metavar: "COMMAND" }, OPTIONS]],
  }];
}

/** `usage` whose commands have a short line of their own. */
export function withShortLines(usage: Usage): Usage {
  return usage.map((term): UsageTerm => {
    if (term.type === "command") return { ...term, usageLine: shortLine };
    if (term.type === "exclusive") return { ...term, terms: term.terms.map(withShortLines) };
    return term;
  });
}

/** The command that `args` begin with, as `composefs pull`; empty where they begin with none. */
export function commandIn(usage: Usage, [name, ...rest]: readonly string[]): string {
  for (const term of usage) {
    if (term.type !== "exclusive") continue;
    for (const choice of term.terms) {
      const [first, ...inner] = choice;
      if (first?.type === "command") {
        if (first.name === name) return `${name} ${commandIn(inner, rest)}`.trim();
      } else {
        const found = commandIn(choice, [name, ...rest]);
        if (found !== "") return found;
      }
    }
  }
  return "";
}

/** Of the usage of a command, what must be there and the arguments. */
function shortLine(usage: Usage): Usage {
  if (usage.some(isChoiceOfCommands)) return [{ type: "argument", metavar: "COMMAND" }, OPTIONS];
  const needed = usage.filter((term) => !isFreeOption(term));
  return needed.length === usage.length ? needed : [...needed, OPTIONS];
}

function isChoiceOfCommands(term: UsageTerm): boolean {
  return term.type === "exclusive" && term.terms.some(([first]) => first?.type === "command");
}

function isFreeOption(term: UsageTerm): boolean {
  if (term.type === "optional") return term.terms.every((it) => it.type !== "argument");
  if (term.type !== "multiple") return false;
  return term.min === 0 && term.terms.every((it) => it.type === "option");
}
