/**
 * Wrong arguments.
 *
 * @module
 */

/** The command line asks for something that makes no sense; the message says what. */
export class UsageError extends Error {
  /** Creates the error; `message` is shown as it is. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UsageError";
  }
}
