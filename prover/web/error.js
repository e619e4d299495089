/** What went wrong, in words, and what to do next. */
export class ProvingError extends Error {
  constructor({ error, hint }) {
    super(error);
    this.name = "ProvingError";
    this.hint = hint;
  }
}
