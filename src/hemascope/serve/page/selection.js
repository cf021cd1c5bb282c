// The cells that are chosen together. Pure but for the call where it changes.

export class Selection {
  #chosen = new Set();
  #from = null; // the cell that a range begins with

  /** @param changed called where it changes */
  constructor(changed) {
    this.changed = changed;
  }

  get size() {
    return this.#chosen.size;
  }

  get cells() {
    return [...this.#chosen];
  }

  has(cell) {
    return this.#chosen.has(cell);
  }

  /** Choose these and no others. */
  set(cells) {
    if (!cells.length && !this.#chosen.size) return;
    this.#chosen = new Set(cells);
    if (!cells.length) this.#from = null;
    this.changed();
  }

  /** Choose one more, or one less. */
  toggle(cell) {
    if (!this.#chosen.delete(cell)) this.#chosen.add(cell);
    this.#from = cell;
    this.changed();
  }

  /**
   * Choose a range: from where the last began, or from `at`, to `to`.
   * @param cells in the order shown
   */
  extend(cells, at, to) {
    if (!cells.includes(this.#from)) this.#from = cells[at];
    const [low, high] = [cells.indexOf(this.#from), to].sort((a, b) => a - b);
    this.set(cells.slice(low, high + 1));
  }

  /** Let go of those that are not among these: what is not seen gets no label. */
  keep(cells) {
    const shown = new Set(cells);
    const left = this.cells.filter((cell) => shown.has(cell));
    if (left.length < this.size) this.set(left);
  }
}
