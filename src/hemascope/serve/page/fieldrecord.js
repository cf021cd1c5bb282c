// Fields in a session's record, and back.

import { NONE, RED } from "./cells.js";
import { cutOutFile } from "./cutouts.js";

const KINDS = ["white", "red", "platelet"];

/**
 * The fields as they stand in a record: cells of the list by their places in it, the others as
 * [box, kind, score, counted, drawn, given].
 * @param fields the Fields
 * @param {(field) => string|null} fileOf where a field's picture is kept
 */
export function recorded({ list, cells, framing }, fileOf) {
  const places = new Map(cells.list.map((cell, i) => [cell, i]));
  return {
    framing: { framing: framing.framing, white_width: framing.white_width },
    fields: list.map((field) => {
      const { path, width, height, red, notes, error, lasting, sure } = field;
      const found = field.cells?.map((cell) => {
        const { box, kind, score, counted, drawn, given } = cell;
        return { at: places.get(cell) ?? null, of: [box, kind, score, counted, drawn, given] };
      });
      return { path, file: fileOf(field), width, height, red, notes, error, lasting, sure, cells: found ?? null };
    }),
  };
}

/**
 * The fields of a record, in shape (`areFields`).
 * @param read the record
 * @param listed cells of its list
 * @param {(file: string|null) => () => Promise<Blob>} reads
 * @param make called with a field and {made: a cell that is there or undefined, values} for each of its cells
 */
export function restored(read, listed, reads, make) {
  return (read.fields ?? []).map(({ file, cells, ...parts }) => {
    const order = listed[cells?.find(({ at }) => at !== null)?.at]?.order ?? listed.length;
    const field = { ...parts, order, read: reads(file), cells: null };
    field.cells = cells?.map(({ at, of: [box, kind, score, counted, drawn, given] }, i) => {
      const label = at === null && [NONE, RED, "platelet"].includes(given) ? given : null; // the list has its own
      const values = { box, kind, score, counted, drawn, given: label, path: `${field.path}#${i + 1}` };
      const cell = make(field, { made: listed[at], values });
      cell.read = () => cutOutFile(cell);
      return cell;
    }) ?? null;
    return field;
  });
}

/** Whether a record's fields, from anywhere, have the shape of fields. */
export function areFields({ fields = [], framing, cells }) {
  const isNumber = Number.isFinite;
  const isCell = (each) =>
    (each?.at === null || (Number.isInteger(each?.at) && each.at >= 0 && each.at < cells.length)) && Array.isArray(each.of) &&
    Array.isArray(each.of[0]) && each.of[0].length === 4 && each.of[0].every(isNumber) && KINDS.includes(each.of[1]) &&
    (each.of[2] === null || isNumber(each.of[2])) && typeof each.of[3] === "boolean" && typeof each.of[4] === "boolean" &&
    (each.of[5] === null || typeof each.of[5] === "string");
  const isField = (each) =>
    typeof each?.path === "string" && (each.file === null || typeof each.file === "string") && isNumber(each.width) && isNumber(each.height) &&
    (each.red === null || isNumber(each.red)) && Array.isArray(each.notes) && each.notes.every((note) => typeof note === "string") &&
    typeof each.error === "string" && (each.cells === null || (Array.isArray(each.cells) && each.cells.every(isCell)));
  const framed = !fields.length || (isNumber(framing?.framing) && isNumber(framing?.white_width));
  const own = cells.every(({ field }) => field === undefined || (Array.isArray(fields) && field in fields));
  return Array.isArray(fields) && fields.every(isField) && framed && own;
}
