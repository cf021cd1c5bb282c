// The large view of one cell: its picture with the heat map, its probabilities, its label.

import { group } from "./cells.js";
import { fillChoices } from "./choices.js";
import { $, element } from "./dom.js";
import { noHeat, showHeat } from "./heatmap.js";
import { large } from "./pictures.js";

const PIXELS = 480;

export class Detail {
  /**
   * @param grid what is looked through
   * @param choice names, marks
   * @param classes the Classes
   * @param give called with cells and the label that a person chose
   */
  constructor(grid, choice, classes, give) {
    Object.assign(this, { grid, choice, classes, give });
    this.box = $("detail");
    $("previous").addEventListener("click", () => this.step(-1));
    $("next").addEventListener("click", () => this.step(1));
    $("close").addEventListener("click", () => this.box.close());
    $("show-heat").addEventListener("change", () => this.#heat());
    addEventListener("keydown", ({ key }) => this.cell && this.step({ ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0));
    this.box.addEventListener("click", ({ target }) => target === this.box && this.box.close()); // beside it
    this.box.addEventListener("close", () => {
      noHeat();
      const place = this.grid.cells.indexOf(this.cell); // by now the browser has focused the cell that was opened first
      this.cell = null;
      this.grid.go(place);
    });
  }

  /** Show the cell at a place of the grid. */
  open(place) {
    this.grid.at = place;
    if (!this.box.open) this.box.showModal();
    this.box.focus();
    this.cell = this.grid.current;
    $("heat").width = $("heat").height = PIXELS;
    $("picture").classList.remove("unseeable");
    large(this.cell, $("image"), PIXELS).then((seen) => $("picture").classList.toggle("unseeable", !seen));
    this.#heat();
    this.refresh();
  }

  /** Go some cells on. */
  step(by) {
    const place = this.grid.at + by;
    if (!by || place < 0 || place >= this.grid.cells.length) return;
    this.grid.go(place, false);
    this.open(place);
  }

  /** Show again what may have changed; the picture stays. */
  refresh() {
    const { cell } = this;
    if (!cell) return;
    const title = this.choice.title(group(cell));
    const { at, cells } = this.grid;
    $("detail-place").textContent = `${(at + 1).toLocaleString("en")} of ${cells.length.toLocaleString("en")}`;
    $("previous").disabled = at === 0;
    $("next").disabled = at === cells.length - 1;
    $("detail-title").textContent = title;
    const marks = this.choice.marks(cell).map(([kind, text]) => element("span", { className: `mark ${kind}` }, text));
    $("detail-marks").replaceChildren(...marks);
    $("detail-seen").textContent = cell.answer?.appearance ?? "";
    $("image").setAttribute("aria-label", `The cell, ${title}`);
    $("detail-file").textContent = cell.path;
    $("detail-notes").textContent = this.#notes();
    fillChoices($("choices"), cell.answer && cell, this.classes, this.give);
    $("in-field").hidden = !cell.field;
    $("in-whole").hidden = Boolean(cell.field) || !this.searches;
    if (this.heatOf !== this.#heatClass() || this.heatBy !== cell.by) this.#heat();
  }

  #notes() {
    const { answer, error } = this.cell;
    if (!answer) return error || "The model has not answered yet.";
    const coverages = new Map(); // names of a set -> coverages that it has
    for (const [coverage, names] of Object.entries(answer.sets ?? {}).sort((a, b) => a[0] - b[0])) {
      const text = names.map((name) => this.choice.title(name)).join(", ") || "no class";
      coverages.set(text, [...(coverages.get(text) ?? []), `${Number((100 * coverage).toFixed(1))}%`]);
    }
    const notes = [...coverages].map(([text, found]) => `${[...new Set([found[0], found.at(-1)])].join(" to ")} set: ${text}.`);
    if (answer.unknown !== null) notes.push(`Unknown score: ${answer.unknown.toFixed(2)}.`);
    return notes.join(" ");
  }

  /** The class whose heat map is shown: the cell's own, or the likeliest where that is none of the model's. */
  #heatClass() {
    const own = group(this.cell);
    return own in (this.cell.answer?.probabilities ?? {}) ? own : this.cell.answer?.label;
  }

  #heat() {
    this.heatOf = this.cell && this.#heatClass();
    this.heatBy = this.cell?.by;
    if (!this.heatOf || !$("show-heat").checked) noHeat();
    else showHeat(this.cell, this.heatOf, this.choice.title(this.heatOf).toLowerCase());
  }
}
