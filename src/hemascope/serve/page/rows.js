// Where the cells of the grid lie: rows, below headings where there are any. Pure.

/**
 * Lay out cells.
 * @param {{title?: string, from: number, count: number}[]} sections in order; one without a title has no heading
 * @param {number} columns
 * @param {number} height of a row
 * @param {number} heading its height
 * @returns {{rows: {from: number, count: number, top: number}[], headings: {section: object, top: number}[], height:
 *   number}}
 */
export function lay(sections, columns, height, heading) {
  const rows = [];
  const headings = [];
  let top = 0;
  for (const section of sections) {
    if (section.title) {
      headings.push({ section, top });
      top += heading;
    }
    for (let i = 0; i < section.count; i += columns) {
      rows.push({ from: section.from + i, count: Math.min(columns, section.count - i), top });
      top += height;
    }
  }
  return { rows, headings, height: top };
}

/** The place reached by going so many rows down (or up) from a place; the column stays where it can. */
export function down(rows, place, by) {
  const at = rowOf(rows, place);
  const to = rows[Math.max(0, Math.min(at + by, rows.length - 1))];
  return to.from + Math.min(place - rows[at].from, to.count - 1);
}

/** The number of the row that a place is in. */
export const rowOf = (rows, place) => rows.findLastIndex(({ from }) => from <= place);
