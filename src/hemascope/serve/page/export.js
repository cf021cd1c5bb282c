// Tables to take away: results, the differential, and labels that `hemascope train` reads.

import { inWords } from "./adapted.js";
import { NONE, RED, WAITING, group, modelGroup } from "./cells.js";
import { both } from "./differential.js";

const PLACE = ["field", "xmin", "ymin", "xmax", "ymax", "kind", "score", "counted"];
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Rows of texts and numbers as CSV (RFC 4180). A text that begins as a formula has a ' before it, as in all our CSV. */
export const csv = (rows) => rows.map((row) => row.map(field).join(",") + "\r\n").join("");

function field(value) {
  let text = String(value ?? "");
  if (typeof value === "string" && FORMULA.test(text) && !NUMBER.test(text)) text = `'${text}`;
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What a person said of a cell, in words. */
const said = (given) => ({ [NONE]: "none", [RED]: "red cell" })[given] ?? given;

/** The columns of `hemascope predict`, the label given by hand, and at which zoom and by which labels the model saw the cell; before the last
 * ones, where there are cells of fields, those of `hemascope count` that tell its place. */
export function results(cells, classes) {
  const names = classes.known.map((cell) => cell.name);
  const seen = cells.some(({ answer }) => answer?.appearance); // by models that tell
  const placed = cells.some(({ field }) => field);
  const rows = cells.map((cell) => {
    const { path, answer, error, given, field, kind } = cell;
    const place = field ? [field.path, ...cell.box, kind, cell.score, Number(cell.counted)] : Array(8).fill(null);
    return [
      path,
      answer?.label ?? (kind === "platelet" ? kind : null),
      answer?.confidence,
      ...names.map((name) => answer?.probabilities[name]),
      answer?.unknown,
      answer?.is_unknown == null ? null : Number(answer.is_unknown),
      ...(seen ? [answer?.appearance] : []),
      ...(placed ? place : []),
      modelGroup(cell) === WAITING ? "not classified yet" : error,
      said(given),
      answer && inWords(cell.by),
    ];
  });
  const more = ["unknown", "is_unknown", ...(seen ? ["appearance"] : []), ...(placed ? PLACE : []), "error", "given_label", "adapted"];
  return [["path", "label", "confidence", ...names, ...more], ...rows];
}

/**
 * Paths and labels, for training; not of cells of fields, which are no files.
 * @param cells
 * @param {boolean} checked only those that a person has labelled, which is what a training should learn from
 */
export function labels(cells, checked) {
  const rows = cells
    .filter((cell) => !cell.field && (!checked || cell.given !== null) && !group(cell).startsWith("?"))
    .map((cell) => [cell.path, group(cell)]);
  return [["path", "label"], ...rows];
}

/**
 * The differential as a sheet.
 * @param cells
 * @param classes the Classes
 * @param {[string, string][]} about what stands above the table
 * @param measured what the service makes of the model's counts, or null
 */
export function counts(cells, classes, about, measured) {
  const { model, after } = both(cells, classes.all, measured);
  const columns = (row) => {
    const found = row.per ?? (row.share === undefined ? {} : { ...row, value: row.share });
    return [row.count, ...[found.value, found.low, found.high].map((value) => (Number.isFinite(value) ? Number(value.toFixed(4)) : null))];
  };
  const unit = (row) => (row.per ? "per 100 leucocytes" : row.share === undefined ? "count" : "%");
  const rows = ["rows", "beside"].flatMap((part) =>
    model[part].map((row, i) => {
      const own = row.cell.foreign ? [null, null, null, null] : columns(row);
      return [row.cell.title, unit(row), ...own, ...columns(after[part][i])];
    }),
  );
  const others = [["Unknown", "unknown"], ["Red cell", "red"], ["Platelet", "platelet"], ["No cell", "none"], ["Failed", "failed"]].map(([title, key]) => {
    return [title, "count", model[key], null, null, null, after[key]];
  });
  const named = (whose) => ["n", "value", "95% from", "95% to"].map((name) => `${whose}: ${name}`);
  return [...about, [], ["class", "unit", ...named("model"), ...named("corrected")], ...rows, ...others];
}

/** Have the browser save a file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Have the browser save a table. */
export const saveTable = (rows, name) => save(new Blob([csv(rows)], { type: "text/csv" }), name);
