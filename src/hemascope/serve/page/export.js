// Tables to take away: results, and labels that `hemascope train` reads.

import { NONE, group } from "./cells.js";

/** Rows of texts and numbers as CSV (RFC 4180). */
export const csv = (rows) => rows.map((row) => row.map(field).join(",") + "\r\n").join("");

function field(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The columns of `hemascope predict`, and the label given by hand. */
export function results(cells, classes) {
  const names = classes.map((cell) => cell.name);
  const rows = cells.map(({ path, answer, error, given }) => [
    path,
    answer?.label,
    answer?.confidence,
    ...names.map((name) => answer?.probabilities[name]),
    answer?.unknown,
    answer?.is_unknown == null ? null : Number(answer.is_unknown),
    error,
    given === NONE ? "none" : given,
  ]);
  return [["path", "label", "confidence", ...names, "unknown", "is_unknown", "error", "given_label"], ...rows];
}

/**
 * Paths and labels, for training.
 * @param cells
 * @param {boolean} checked only those that a person has labelled, which is what a training should learn from
 */
export function labels(cells, checked) {
  const rows = cells
    .filter((cell) => (!checked || cell.given !== null) && !group(cell).startsWith("?"))
    .map((cell) => [cell.path, group(cell)]);
  return [["path", "label"], ...rows];
}

/** Have the browser save a table. */
export function save(rows, name) {
  const url = URL.createObjectURL(new Blob([csv(rows)], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
