// The fields, one beside the other, small; their pictures are unpacked when they come in sight.

import { drawBoxes } from "./boxes.js";
import { using } from "./cutouts.js";
import { $, element, several } from "./dom.js";
import { countsOf } from "./fields.js";

const WIDE = 192; // CSS pixels of a picture
const HIGH = 136;
const AT_A_TIME = 2;

export class Strip {
  #tiles = new Map(); // field -> element
  #wanted = new Set();
  #busy = 0;
  #at = 0;

  /**
   * @param fields the Fields
   * @param choice the threshold
   * @param classes the Classes
   * @param open called with a field to see large
   */
  constructor(fields, choice, classes, open) {
    Object.assign(this, { fields, choice, classes, open, box: $("strip") });
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting && !target.dataset.drawn) this.#wanted.add(target);
        else this.#wanted.delete(target);
      }
      this.#work();
    }, { root: this.box, rootMargin: "0px 400px" });
    this.box.addEventListener("click", ({ target }) => this.#open(target.closest("[data-place]")));
    this.box.addEventListener("focusin", ({ target }) => (this.#at = Number(target.dataset.place ?? this.#at)));
    this.box.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show them as they are now. */
  refresh() {
    const { list } = this.fields;
    $("fields").hidden = !list.length;
    if (!list.length && !this.#tiles.size) return;
    for (const [field, made] of this.#tiles) {
      if (list.includes(field)) continue;
      this.seen.unobserve(made);
      made.remove();
      this.#tiles.delete(field);
    }
    this.#at = Math.max(0, Math.min(this.#at, list.length - 1));
    list.forEach((field, i) => {
      const made = this.#tiles.get(field) ?? this.#make(field);
      if (this.box.children[i] !== made) this.box.insertBefore(made, this.box.children[i] ?? null);
      made.dataset.place = i;
      made.tabIndex = i === this.#at ? 0 : -1;
      this.#fill(field, made);
    });
  }

  /** Make a field's tile the one with the focus. */
  focus(field) {
    const made = this.#tiles.get(field);
    if (!made) return;
    for (const other of this.#tiles.values()) other.tabIndex = -1;
    made.tabIndex = 0;
    this.#at = Number(made.dataset.place);
    made.focus();
  }

  #make(field) {
    const canvas = element("canvas", { width: WIDE * 1.5, height: HIGH * 1.5 });
    const name = element("span", { className: "name" }, field.path.split("/").at(-1));
    const made = element("div", { className: "field", role: "option", title: field.path }, canvas,
      element("span", { className: "marks" }), name, element("span", { className: "counts" }));
    this.#tiles.set(field, made);
    made.field = field;
    this.seen.observe(made);
    return made;
  }

  #fill(field, made) {
    const { white, red, platelet, review } = countsOf(field, this.choice.threshold);
    const text = field.error || (field.cells ? `${white} white · ${red} red · ${platelet} plt` : "searching…");
    const spoken = field.error || (field.cells ? [several(white, "white cell"), several(red, "red cell"), several(platelet, "platelet")].join(", ") : "searching");
    const [, marks, , counts] = made.children;
    if (counts.textContent !== text) counts.textContent = text;
    const told = review ? `${review} to review` : field.error ? "failed" : "";
    if (marks.textContent !== told) {
      marks.replaceChildren(...(told ? [element("span", { className: `mark ${field.error ? "failed" : "review"}` }, told)] : []));
    }
    made.classList.toggle("waiting", !field.cells);
    made.setAttribute("aria-selected", "false");
    made.setAttribute("aria-label", [field.path.split("/").at(-1), spoken, told].filter(Boolean).join(", "));
    const key = field.cells ? field.cells.filter(({ shown }) => shown).map((cell) => this.classes.colour(cell.given ?? cell.answer?.label)).join() : "";
    if (made.dataset.key !== key) {
      made.dataset.key = key;
      made.dataset.drawn = "";
      this.seen.unobserve(made);
      this.seen.observe(made); // tells anew whether it is in sight
    }
  }

  async #work() {
    while (this.#busy < AT_A_TIME && this.#wanted.size) {
      const made = this.#wanted.values().next().value;
      this.#wanted.delete(made);
      if (!made.isConnected) continue;
      this.#busy++;
      made.dataset.drawn = "yes";
      using(made.field, (bitmap) => paint(made.firstChild, bitmap, made.field, this.classes))
        .catch(() => made.firstChild.classList.add("unseeable"))
        .finally(() => (this.#busy--, this.#work()));
    }
  }

  #open(made) {
    if (made?.field.cells) this.open(made.field);
  }

  #key(event) {
    const { list } = this.fields;
    const to = { ArrowRight: this.#at + 1, ArrowLeft: this.#at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (to !== undefined) this.focus(list[Math.max(0, Math.min(to, list.length - 1))]);
    else if (event.key === "Enter" || event.key === " ") this.#open(event.target.closest("[data-place]"));
    else return;
    event.preventDefault();
  }
}

/** Draw a field's picture small, with its white cells. */
function paint(canvas, bitmap, field, classes) {
  const context = canvas.getContext("2d");
  const scale = Math.min(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const left = (canvas.width - bitmap.width * scale) / 2;
  const top = (canvas.height - bitmap.height * scale) / 2;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, bitmap.width * scale, bitmap.height * scale);
  const onto = ([x, y, right, lower]) => [left + x * scale, top + y * scale, (right - x) * scale, (lower - y) * scale];
  drawBoxes(context, (field.cells ?? []).filter(({ shown }) => shown), onto, classes, { words: false });
}
