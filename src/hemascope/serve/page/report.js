// Shows the differential: of the model, and after corrections.

import { FAILED, NONE, RED, UNKNOWN, isCorrected } from "./cells.js";
import { both } from "./differential.js";
import { $, element, several } from "./dom.js";

const number = (value) => value.toLocaleString("en");
const one = (value) => (value === Infinity ? "∞" : value.toFixed(1));
const range = ({ low, high }) => `${one(low)}–${one(high)}`;

/**
 * Draw the table of the cells.
 * @param cells
 * @param classes the Classes
 * @param {string[]} fields sentences on the fields that they are of
 * @param measured what the service makes of the model's counts; null where they stand as they are
 */
export function report(cells, { all: classes }, measured, fields = []) {
  const { model, after } = both(cells, classes, measured);
  const corrections = cells.filter(isCorrected).length;
  const [head] = $("differential").tHead.children;
  if (!head) $("differential").tHead.append(...headings());
  const [within, beside] = $("differential").tBodies;
  const whole = model.beside.length ? "Leucocytes" : "Cells";
  within.replaceChildren(
    ...model.rows.map((row, i) => line(row, after.rows[i], shares)),
    total(whole, model.total, after.total),
  );
  beside.replaceChildren(
    ...model.beside.map((row, i) => line(row, after.beside[i], ratio, row.per ? "per 100 leucocytes" : "")),
    ...[["Red cell", RED], ["Platelet", "?platelet"], ["Unknown", UNKNOWN], ["No cell", NONE], ["Failed", FAILED]].flatMap(([title, key]) => other(title, key, model, after)),
  );
  $("differential-note").textContent = [...fields, note(model, corrections, cells.filter(({ shown = true }) => shown).length, fields.length ? "cell" : "image", measured)].join(" ");
}

function headings() {
  const wide = (text) => element("th", { scope: "colgroup", colSpan: 2 }, text);
  const narrow = (text) => element("th", { scope: "col" }, text);
  return [
    element("tr", {}, element("th", { scope: "col", rowSpan: 2 }, "Class"), wide("Model"), wide("Corrected")),
    element("tr", {}, narrow("n"), narrow("% (95%)"), narrow("n"), narrow("% (95%)")),
  ];
}

/** A class's line; what a person added is none of the model's. */
function line(model, after, cellsOf, unit = "") {
  const { cell } = model;
  const swatch = element("i", { className: "swatch", style: { "--class": cell.colour } });
  const cells = [...(cell.foreign ? [value(null), value(null)] : cellsOf(model)), ...cellsOf(after)];
  const made = element("tr", {}, element("th", { scope: "row" }, swatch, cell.title, unit && element("small", {}, unit)), ...cells);
  made.dataset.class = cell.name; // cells can be dropped here
  made.classList.toggle("changed", model.count !== after.count);
  return made;
}

const count = (value) => element("td", {}, number(value));
const shares = (row) => [count(row.count), value(row.share, row)];
const ratio = (row) => [count(row.count), row.per ? value(row.per.value, row.per) : value(null)];

function value(share, interval) {
  if (share === null) return element("td", {}, "–");
  return element("td", {}, one(share), element("small", {}, range(interval)));
}

function total(title, model, after) {
  const cells = [model, after].flatMap((sum) => [count(sum), element("td", {}, sum ? "100" : "–")]);
  return element("tr", { className: "total" }, element("th", { scope: "row" }, title), ...cells);
}

function other(title, key, model, after) {
  const field = key.slice(1);
  if (!model[field] && !after[field]) return [];
  const cells = [model, after].flatMap((found) => [count(found[field]), value(null)]);
  return [element("tr", { className: "other" }, element("th", { scope: "row" }, title), ...cells)];
}

function note(model, corrections, cells, kind, measured) {
  const beside = model.beside.map(({ cell }) => `${cell.title.toLowerCase()}s`).join(" and ");
  const apart = beside ? `Percentages are of the leucocytes, as laboratories report them; ${beside} are counted beside them. ` : "";
  const head = `${several(cells, kind)}, ${number(corrections)} corrected. ${apart}`;
  if (measured) return `${head}Model: ${measured.note} With labels by hand: as counted, with the chance alone (Wilson).`;
  return (
    `${head}The 95% intervals (Wilson) say how far chance in drawing so many cells reaches; they know nothing of the model's errors.`
  );
}
