// The cells: what the model says of each, what a person says, and the way back.

/** Groups that are no class; no class has a name that begins with a question mark. */
export const UNKNOWN = "?unknown";
export const NONE = "?none";
export const FAILED = "?failed";
export const WAITING = "?waiting";

const BLANK = { answer: null, unlike: null, by: null, error: "", lasting: false, given: null };

/**
 * The cells, in the order they were added. Fires `change`; its detail says what changed: "cells" or "labels".
 * A cell has: id, path, read() -> Promise<Blob>, answer (the service's, or null), unlike (what the service said of its
 * batch), by (the step of Adapted that gave the answer, null for the model as it is), error (text), and `given`: the label that a person gave it, NONE for "no cell", null where nobody has.
 */
export class Cells extends EventTarget {
  list = [];
  #undo = [];
  #next = 0;
  #paths = new Set();

  /** Add images of {path, read, zip}; gives their cells, whose paths are all distinct. */
  add(images) {
    const added = images.map(({ path, read, zip }) => ({
      id: this.#next++, path: this.#distinct(path, zip), read, ...BLANK,
    }));
    this.list.push(...added);
    this.#changed("cells");
    return added;
  }

  /** Take the service's answers to cells, and what it says of all of them: how far they are unlike what it learnt. */
  answer(cells, answers, unlike = null, by = null) {
    cells.forEach((cell, i) => {
      Object.assign(cell, { unlike, by });
      cell.error = answers[i].error?.detail ?? "";
      cell.lasting = Boolean(cell.error);
      cell.answer = cell.error ? null : answers[i];
    });
    this.#changed("cells");
  }

  /** The answers of cells hold no more. */
  retract(cells) {
    for (const cell of cells) Object.assign(cell, { answer: null, unlike: null });
    if (cells.length) this.#changed("cells");
  }

  /** Give cells, cell -> {answer, unlike, by}, what they had. */
  restore(before) {
    for (const [cell, had] of before) if (had.answer) Object.assign(cell, had, { error: "", lasting: false });
    this.#changed("cells");
  }

  /** Cells have no answer; `lasting` where another attempt would not help. */
  fail(cells, text, lasting = false) {
    for (const cell of cells) Object.assign(cell, { error: text, lasting });
    this.#changed("cells");
  }

  /** Cells that failed for reasons that may have passed, ready to be tried again. */
  again() {
    const cells = this.list.filter((cell) => cell.error && !cell.lasting);
    for (const cell of cells) cell.error = "";
    this.#changed("cells");
    return cells;
  }

  /** Give cells a label by hand; null takes it back. Gives those that have an answer, and so can have a label. */
  label(cells, label) {
    const answered = cells.filter((cell) => cell.answer);
    const changed = answered.filter((cell) => cell.given !== label);
    if (changed.length) {
      this.#undo.push(changed.map((cell) => [cell, cell.given]));
      for (const cell of changed) cell.given = label;
      this.#changed("labels");
    }
    return answered;
  }

  /** Undo the last labelling; gives its cells. */
  undo() {
    const last = this.#undo.pop() ?? [];
    for (const [cell, given] of last) cell.given = given;
    if (last.length) this.#changed("labels");
    return last.map(([cell]) => cell);
  }

  /** Forget all cells. */
  clear() {
    this.list = [];
    this.#undo = [];
    this.#paths.clear();
    this.#changed("cells");
  }

  /** A path that no cell has: where one has it, the zip's name comes before it, and then a number behind. */
  #distinct(path, zip) {
    const other = zip ? `${zip.replace(/\.zip$/i, "")}/${path}` : path;
    const [, stem, suffix] = /^(.*?)(\.[^./]*)?$/s.exec(other);
    let found = path;
    for (let n = 1; this.#paths.has(found); n++) found = n === 1 ? other : `${stem} (${n})${suffix ?? ""}`;
    this.#paths.add(found);
    return found;
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  #changed(what) {
    this.dispatchEvent(new CustomEvent("change", { detail: what }));
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
