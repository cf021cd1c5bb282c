// One cell of the grid.

import { group } from "./cells.js";
import { element, percent } from "./dom.js";
import { thumbnail } from "./pictures.js";

const PIXELS = 192;
const PARTS = 3; // classes in the small bar

/**
 * A tile.
 * @param choice names, marks
 * @param classes colours
 * @returns {{element: HTMLElement, fill: (cell, chosen: boolean) => void}}
 */
export function tile(choice, classes) {
  const picture = element("canvas", { width: PIXELS, height: PIXELS });
  const marks = element("span", { className: "marks" });
  const swatch = element("i", { className: "swatch" });
  const name = element("span", { className: "name" });
  const confidence = element("span", { className: "confidence" });
  const bar = element("span", { className: "bar" });
  const text = element(
    "span",
    { className: "text" },
    element("span", { className: "line" }, swatch, name),
    element("span", { className: "line" }, bar, confidence),
  );
  const made = element("div", { className: "tile", role: "option", draggable: true }, picture, marks, text);

  function fill(cell, chosen) {
    if (picture.dataset.cell !== String(cell.id)) {
      picture.dataset.cell = cell.id;
      queueMicrotask(() => thumbnail(cell, picture)); // once it is in the page
    }
    const kind = group(cell);
    const title = choice.title(kind);
    const told = choice.marks(cell);
    name.textContent = title;
    swatch.style.setProperty("--class", classes.colour(kind));
    confidence.textContent = cell.answer && cell.given === null ? percent(cell.answer.confidence) : "";
    marks.replaceChildren(...told.map(([kind, text]) => element("span", { className: `mark ${kind}` }, text)));
    bar.replaceChildren(...parts(cell, classes));
    made.classList.toggle("waiting", !cell.answer && !cell.error);
    made.classList.toggle("chosen", chosen);
    made.setAttribute("aria-selected", chosen);
    made.title = [cell.path, cell.answer?.appearance].filter(Boolean).join("\n");
    made.setAttribute(
      "aria-label",
      [title, confidence.textContent, ...told.map(([, text]) => text), cell.path].filter(Boolean).join(", "),
    );
  }
  return { element: made, fill };
}

function parts(cell, classes) {
  return Object.entries(cell.answer?.probabilities ?? {})
    .sort((a, b) => b[1] - a[1])
    .slice(0, PARTS)
    .map(([name, share]) => element("i", { style: { width: `${100 * share}%`, "--class": classes.colour(name) } }));
}
