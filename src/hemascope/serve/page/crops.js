// The white cells of fields as pictures: a folder a class, as `hemascope count` writes them and `hemascope train` reads them.

import { UNKNOWN, group } from "./cells.js";
import { cutOutFile } from "./cutouts.js";
import { kindOf } from "./fields.js";
import { zip } from "./zip.js";

const FOLDER = "crops";
const UNKNOWN_FOLDER = "crops-unknown"; // beside it: within it would be a class of its own

/** A name that every system takes for a file. */
const safe = (name) => name.replace(/[^\p{L}\p{N}.-]+/gu, "_").replace(/^\.+/, "_");

/**
 * The cells that are counted and have a class, after corrections; those that are no class of the model's beside them.
 * @param fields that are searched
 * @returns {Promise<{blob: Blob, count: number, lost: number}>} lost: cells whose field can be read no more
 */
export async function crops(fields) {
  const members = [];
  const stems = new Set();
  let lost = 0;
  for (const field of fields) {
    const stem = distinct(safe(field.path.replace(/\.[^./]*$/, "")), stems);
    for (const [i, cell] of (field.cells ?? []).entries()) {
      const label = group(cell);
      if (kindOf(cell) !== "white" || !cell.counted || (label.startsWith("?") && label !== UNKNOWN)) continue;
      const folder = label === UNKNOWN ? UNKNOWN_FOLDER : `${FOLDER}/${safe(label)}`;
      const name = `${folder}/${stem}_${String(i + 1).padStart(4, "0")}.png`;
      try {
        members.push({ name, blob: await cutOutFile(cell) });
      } catch {
        lost++;
      }
    }
  }
  return { blob: await zip(members), count: members.length + lost, lost };
}

/** The name, with a number behind where another has it. */
function distinct(name, taken) {
  let found = name;
  for (let n = 2; taken.has(found); n++) found = `${name}-${n}`;
  taken.add(found);
  return found;
}
