/**
 * Wrong arguments.
 *
 * @module
 */

/** The command line asks for something that makes no sense; the message says what. */
export class UsageError extends Error {
  /** The command that was meant, as `composefs pull`; empty for the main form, and where unknown. */
  readonly command: string;

  /** Creates the error; `message` is shown as it is. */
  constructor(message: string, options: ErrorOptions & { command?: string } = {}) {
    super(message, options);
    this.name = "UsageError";
    this.command = options.command ?? "";
  }
}
