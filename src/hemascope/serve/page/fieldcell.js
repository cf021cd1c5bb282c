// What is told of a cell beside its field.

import { group } from "./cells.js";
import { fillChoices } from "./choices.js";
import { $, element } from "./dom.js";
import { kindOf } from "./fields.js";

const KINDS = { white: "White cell", red: "Red cell", platelet: "Platelet" };

/**
 * Show what is said of a cell, or of none, and its classes to choose from.
 * @param view {choice, classes, acts: {give}}
 */
export function tellCell(cell, { choice, classes, acts }) {
  $("field-cell").hidden = !cell;
  $("field-none").hidden = Boolean(cell);
  fillChoices($("field-choices"), cell, classes, acts.give);
  if (!cell) return;
  const title = choice.title(group(cell));
  $("field-cell-title").textContent = title;
  const marks = choice.marks(cell).map(([kind, text]) => element("span", { className: `mark ${kind}` }, text));
  $("field-marks").replaceChildren(...marks);
  const waits = !cell.answer && cell.shown && !cell.error;
  $("field-seen").textContent = [cell.answer?.appearance, cell.error, waits && "The model has not answered yet."].filter(Boolean).join(" ");
  const kind = KINDS[kindOf(cell)];
  const score = cell.drawn ? "drawn by hand" : `found with a score of ${cell.score.toFixed(2)}`;
  $("field-found").textContent = [kind !== title && kind, score].filter(Boolean).join(", ");
}
