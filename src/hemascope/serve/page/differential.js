// The differential count: pure numbers.

import { FAILED, NONE, RED, UNKNOWN, group, modelGroup } from "./cells.js";

const Z = 1.959963984540054; // two-sided 95%

/** Wilson's 95% interval (1927) of a share of k in n: [low, high] in 0..1. */
export function wilson(k, n) {
  if (!n) return [0, 1];
  const share = k / n;
  const middle = (share + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** So many per hundred others, with its interval: the odds of the share among both. */
export function perHundred(k, others) {
  const [low, high] = wilson(k, k + others);
  return { value: (100 * k) / others, low: (100 * low) / (1 - low), high: high === 1 ? Infinity : (100 * high) / (1 - high) };
}

/**
 * Count cells.
 * @param cells
 * @param groupOf cell -> class name or group
 * @param classes as the service gives them
 * @param {Map<string, {value, low, high}>} [measured] what stands in place of the counts' shares, by class
 * @returns {{total: number, rows: object[], beside: object[], unknown: number, red: number, platelet: number, none: number, failed: number}}
 *   rows of the differential: {cell, count, share, low, high}, percentages that sum to 100; beside it: {cell, count,
 *   per: {value, low, high} or null}; platelet: those of fields where the model has no such class
 */
export function differential(cells, groupOf, classes, measured) {
  const counts = new Map();
  for (const cell of cells) counts.set(groupOf(cell), (counts.get(groupOf(cell)) ?? 0) + 1);
  const count = (name) => counts.get(name) ?? 0;
  const within = classes.filter((cell) => cell.counted === "differential");
  const total = within.reduce((sum, cell) => sum + count(cell.name), 0);
  return {
    total,
    rows: within.map((cell) => {
      const found = measured?.get(cell.name);
      if (found) return { cell, count: count(cell.name), share: found.value, low: found.low, high: found.high };
      const [low, high] = wilson(count(cell.name), total);
      const share = total ? (100 * count(cell.name)) / total : null;
      return { cell, count: count(cell.name), share, low: 100 * low, high: 100 * high };
    }),
    beside: classes
      .filter((cell) => cell.counted !== "differential")
      .map((cell) => ({
        cell,
        count: count(cell.name),
        per: cell.counted === "per_hundred" && total ? (measured?.get(cell.name) ?? perHundred(count(cell.name), total)) : null,
      })),
    unknown: count(UNKNOWN),
    red: count(RED),
    platelet: classes.some(({ name }) => name === "platelet") ? 0 : count("platelet"),
    none: count(NONE),
    failed: count(FAILED),
  };
}

/**
 * The differential of the model, measured where it can be, and of the cells after labels by hand: as counted, where there
 * is one.
 */
export function both(cells, classes, measured) {
  const model = differential(cells, modelGroup, classes, measured?.of);
  return { model, after: cells.some(({ given }) => given !== null) ? differential(cells, group, classes) : model };
}
