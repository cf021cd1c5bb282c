// The classes to give to a cell that is seen large, with their probabilities.

import { NONE, RED, group } from "./cells.js";
import { element, percent } from "./dom.js";

/** A list item with a button for each class, and for "no cell". */
export function choices(cell, classes, give) {
  const chosen = group(cell);
  const all = classes.all.map(({ name, title, colour }, i) => [name, title, String(i + 1), colour]);
  if (cell.field) all.push([RED, "Red cell", "R", classes.colour(RED)]);
  all.push([NONE, "No cell of these", "0", "transparent"]);
  return all.map(([name, title, key, colour]) => {
    const share = cell.answer?.probabilities[name];
    const fill = element("i", { style: { width: `${100 * (share ?? 0)}%`, "--class": colour } });
    const button = element(
      "button",
      { type: "button", className: "choice", "aria-pressed": String(name === chosen) },
      element("kbd", {}, key.length > 1 ? "\u2007" : key),
      element("span", { className: "name" }, title),
      element("span", { className: "bar", "aria-hidden": "true" }, fill),
      element("span", { className: share < 0.005 ? "share little" : "share" }, share === undefined ? "" : percent(share)),
    );
    if (key.length === 1) button.setAttribute("aria-keyshortcuts", key);
    button.addEventListener("click", () => give([cell], name));
    return element("li", {}, button);
  });
}

/** Fill a list with them; the focus stays where it is. */
export function fillChoices(list, cell, classes, give) {
  const buttons = () => [...list.querySelectorAll("button")];
  const focused = buttons().indexOf(document.activeElement);
  list.replaceChildren(...(cell ? choices(cell, classes, give) : []));
  if (focused >= 0) buttons()[focused]?.focus();
}
