// The model's differential as the service measures it: corrected by what the model confuses, with intervals that hold
// its errors. It follows from the counts alone.

import { modelGroup } from "./cells.js";
import { get } from "./service.js";

const QUIET = 300; // ms without another count before the service is asked

export class Measured {
  #key = null; // the counts that `#found` is of
  #found = null;
  #wanted = null;
  #timer = 0;

  /**
   * @param classes the Classes
   * @param adapted the Adapted: what an adapted model confuses is not known
   * @param {boolean} known whether the model's card says what it confuses
   * @param {() => void} shown called when there is another answer
   */
  constructor(classes, adapted, known, shown) {
    Object.assign(this, { classes, adapted, known, shown });
  }

  /**
   * The differential of cells as the model called them.
   * @returns {{of: Map<string, {value, low, high}>, note: string}|null} null where it is not known, or not yet
   */
  of(cells) {
    if (!this.known || this.adapted.last) return null;
    const counts = new Map();
    for (const cell of cells) if (cell.shown) counts.set(modelGroup(cell), (counts.get(modelGroup(cell)) ?? 0) + 1);
    const called = this.classes.model.map(({ name }) => counts.get(name) ?? 0);
    const key = called.map((count) => `called=${count}`).join("&");
    if (key === this.#key) return this.#found;
    if (key !== this.#wanted) {
      this.#wanted = key;
      clearTimeout(this.#timer);
      if (called.some(Boolean)) this.#timer = setTimeout(() => this.#ask(key), QUIET);
    }
    return null;
  }

  async #ask(key) {
    const found = await get(`v1/differential?${key}`).catch(() => null); // then the counts are shown as they are
    if (key !== this.#wanted) return;
    this.#key = key;
    this.#found = found?.corrected ? { of: new Map(found.classes.map((each) => [each.name, each])), note: found.notes[0] } : null;
    this.shown();
  }
}
