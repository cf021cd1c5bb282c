// A session: cells with their answers and labels, the classes that a person added, the sample. As a file, and back.

import { areSteps } from "./adapted.js";
import { NONE, RED } from "./cells.js";
import { areFields } from "./fieldrecord.js";
import { zip } from "./zip.js";

const FORMAT = "hemascope session";
const VERSION = 3; // 1 knew no zoom and no teaching, 2 no fields
export const RECORD = "session.json"; // the member that makes a zip a session

/** What has a picture of its own: fields, and cells that are of none. */
export const pictured = ({ cells, fields }) => [...cells.list.filter(({ field }) => !field), ...fields.list];

/**
 * All of a session but the pictures.
 * @param {{cells, fields, classes, adapted, about, model}} session
 * @param {(each) => string|null} fileOf where a cell's or a field's picture is kept
 */
export function record({ cells, fields, classes, adapted, about, model }, fileOf) {
  const places = new Map(fields.list.map((field, i) => [field, i]));
  return {
    format: FORMAT,
    format_version: fields.list.length ? VERSION : 2, // so that what has none opens everywhere
    model,
    sample: about.sample,
    note: about.note,
    classes: classes.own.map(({ title, counted }) => ({ title, counted })),
    adapted: adapted.record(),
    cells: cells.list.map((cell) => {
      const { path, answer, unlike, given, by, field } = cell;
      const file = field ? null : fileOf(cell);
      return { path, file, answer, unlike, given, by: adapted.steps.indexOf(by), ...(field && { field: places.get(field) }) };
    }),
    ...(fields.list.length && fields.record(fileOf)),
  };
}

/**
 * The session as a file, with its pictures.
 * @returns {Promise<{blob: Blob, lost: number}>} lost: pictures that can be read no more
 */
export async function toFile(session) {
  const pictures = [];
  let lost = 0;
  const files = new Map();
  for (const [i, each] of pictured(session).entries()) {
    try {
      const blob = await each.read();
      await blob.slice(0, 1).arrayBuffer(); // a file that has changed on disk fails here
      const name = `pictures/${i}${/\.[a-z0-9]+$/i.exec(each.path)?.[0] ?? ""}`;
      pictures.push({ name, blob });
      files.set(each, name);
    } catch {
      lost++;
    }
  }
  const text = JSON.stringify(record(session, (each) => files.get(each) ?? null));
  const blob = await zip([{ name: RECORD, blob: new Blob([text]), pack: true }, ...pictures]);
  return { blob, lost };
}

/**
 * Put a record in place of what the session holds.
 * @param {{cells, fields, classes, adapted, about, model}} session
 * @param {object} read JSON of a record, from anywhere: every part is looked at
 * @param {(file: string) => Promise<Blob>} pictureOf
 * @returns {object[]} the cells that want an answer: all of them where another model gave the answers
 */
export function fromRecord({ cells, fields, classes, adapted, about, model }, read, pictureOf) {
  const found = checked(read);
  const same = found.model.sha256 === model.sha256;
  cells.clear();
  fields.clear();
  adapted.clear();
  classes.clear();
  for (const { title, counted } of found.classes) classes.add(title, counted);
  about.set(text(found.sample), text(found.note));
  const reads = (file) => (file === null ? async () => { throw new Error("it was not kept"); } : () => pictureOf(file));
  const added = found.cells.map(({ path, file, field }) =>
    cells.make({ path: field === undefined ? cells.distinct(path) : path, read: reads(file) }));
  fields.restore(found, added, reads);
  cells.join(added);
  if (same) adapted.restore(found.adapted ?? []);
  added.forEach((cell, i) => {
    const { answer, unlike, given, by } = found.cells[i];
    const step = adapted.steps[by] ?? null;
    const names = step?.about.taught?.classes ?? classes.model.map(({ name }) => name);
    if (same && isAnswer(answer, names)) Object.assign(cell, { answer, by: step });
    if (cell.answer && isUnlike(unlike)) cell.unlike = unlike;
    if (typeof given === "string") cell.given = [NONE, RED].includes(given) || classes.find(given) ? given : classes.add(given);
  });
  return added.filter((cell) => !cell.answer);
}

const text = (value) => (typeof value === "string" ? value : "");
const isShare = (value) => typeof value === "number" && value >= 0 && value <= 1;
const isUnlike = (value) => typeof value?.score === "number" && typeof value.message === "string";

function isAnswer(answer, names) {
  return (
    names.includes(answer?.label) && isShare(answer.confidence) && answer.error === null &&
    names.every((name) => isShare(answer.probabilities?.[name])) &&
    typeof (answer.appearance ?? "") === "string" &&
    (answer.unknown === null || isShare(answer.unknown)) && [null, true, false].includes(answer.is_unknown) &&
    Object.values(answer.sets ?? {}).every((set) => Array.isArray(set) && set.every((name) => names.includes(name)))
  );
}

/** A record whose parts are there. */
function checked(read) {
  if (read?.format !== FORMAT) throw new Error("It is no session of hemascope.");
  if (![1, 2, VERSION].includes(read.format_version)) throw new Error("The session is of another version of hemascope: open it with that one.");
  const whole =
    typeof read.model?.sha256 === "string" && Array.isArray(read.classes) && Array.isArray(read.cells) &&
    read.classes.every((each) => typeof each?.title === "string" && ["differential", "per_hundred", "apart"].includes(each.counted)) &&
    read.cells.every((each) => typeof each?.path === "string" && (each.file === null || typeof each.file === "string")) &&
    areSteps(read.adapted ?? [], read.cells.length) && areFields(read);
  if (!whole) throw new Error("The session is damaged.");
  return read;
}
