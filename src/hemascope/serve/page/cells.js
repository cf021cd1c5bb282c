// The cells: what the model says of each, what a person says, and the way back.

/** Groups that are no class; no class has a name that begins with a question mark. */
export const UNKNOWN = "?unknown";
export const NONE = "?none";
export const FAILED = "?failed";
export const WAITING = "?waiting";

/**
 * The cells, in the order they were added. Fires `change` with the cell (or null for many).
 * A cell has: id, path, read() -> Promise<Blob>, answer (the service's, or null), error (text), and `given`: the label
 * that a person gave it, NONE for "no cell", null where nobody has.
 */
export class Cells extends EventTarget {
  list = [];
  #undo = [];
  #next = 0;

  /** Add images of {path, read}; gives their cells. */
  add(images) {
    const added = images.map(({ path, read }) => ({
      id: this.#next++, path, read, answer: null, error: "", lasting: false, given: null,
    }));
    this.list.push(...added);
    this.#changed(null);
    return added;
  }

  /** Take the service's answers to cells. */
  answer(cells, answers) {
    cells.forEach((cell, i) => {
      cell.error = answers[i].error?.detail ?? "";
      cell.lasting = Boolean(cell.error);
      cell.answer = cell.error ? null : answers[i];
    });
    this.#changed(null);
  }

  /** Cells have no answer; `lasting` where another attempt would not help. */
  fail(cells, text, lasting = false) {
    for (const cell of cells) Object.assign(cell, { error: text, lasting });
    this.#changed(null);
  }

  /** Cells that failed for reasons that may have passed, ready to be tried again. */
  again() {
    const cells = this.list.filter((cell) => cell.error && !cell.lasting);
    for (const cell of cells) cell.error = "";
    this.#changed(null);
    return cells;
  }

  /** Give a cell a label by hand; null takes it back. */
  label(cell, label) {
    if (!cell.answer || cell.given === label) return;
    this.#undo.push([cell, cell.given]);
    cell.given = label;
    this.#changed(cell);
  }

  /** Undo the last label; gives its cell, or null. */
  undo() {
    const last = this.#undo.pop();
    if (!last) return null;
    [last[0].given] = [last[1]];
    this.#changed(last[0]);
    return last[0];
  }

  /** Forget all cells. */
  clear() {
    this.list = [];
    this.#undo = [];
    this.#changed(null);
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  #changed(cell) {
    this.dispatchEvent(new CustomEvent("change", { detail: cell }));
  }
}

/** The group that the model puts a cell in. */
export function modelGroup(cell) {
  if (cell.error) return FAILED;
  if (!cell.answer) return WAITING;
  return cell.answer.is_unknown ? UNKNOWN : cell.answer.label;
}

/** The group after corrections. */
export const group = (cell) => cell.given ?? modelGroup(cell);

/** Whether a person gave another label than the model's. */
export const isCorrected = (cell) => cell.given !== null && cell.given !== modelGroup(cell);

/** Whether a person should look: doubtful or unknown, and nobody has looked yet. */
export const wantsReview = (cell, threshold) =>
  Boolean(cell.answer) && cell.given === null && (cell.answer.is_unknown || cell.answer.confidence < threshold);
