// Fits the model to the cells: to how they look, without labels, and to labels by hand. Both only where asked.

import { labelled } from "./adapted.js";
import { NONE, isCorrected } from "./cells.js";
import { $, element, percent, say, several } from "./dom.js";
import { save } from "./export.js";
import { thumbnail } from "./pictures.js";
import { FORM } from "./queue.js";
import { fit, fittedModel, taughtModel, teach } from "./service.js";

const LEAST = 32; // cells before the service is asked what would fit them,
const LOOKED = 64; // and that it then looks at: at eight zooms each
const FITTED = 200; // that the model is fitted to
const LABELS = 10; // by hand, of
const CLASSES = 2; // classes, before teaching is offered
const TAUGHT = 80; // cells that teach, those without a label among them: so that it takes some seconds
const SHOWN = 12; // cells whose class changes
const NO_CELL = "0.0%"; // of a class
const NOUNS = { zoom: "zoom", fitted: "fitting", taught: "teaching" };

/**
 * Keep the part of the page about it.
 * @param session {cells, classes, adapted, about}
 * @param limits of the service: max_body, max_files
 * @returns {{follow: () => void, forget: () => void}} to be called where cells change, and where they are cleared
 */
export function fitting({ cells, classes, adapted, about }, limits) {
  let looked = 0; // cells there were when the service was asked
  let found = null; // what it would change
  let stop = new AbortController();

  const answered = () => cells.list.filter((cell) => cell.answer && cell.given !== NONE);
  const given = () => answered().filter((cell) => cell.given !== null);

  /** Ask what would fit the cells once all are classified, and again where they have become twice as many. */
  async function look() {
    const list = answered();
    const waits = cells.list.some(({ answer, error }) => !answer && !error);
    if (adapted.last || waits || list.length < Math.max(LEAST, 2 * looked) || limits.max_files < LEAST) return;
    looked = list.length;
    const { signal } = stop;
    try {
      const told = await fit(await read(spread(list, Math.min(LOOKED, limits.max_files)), limits), null, signal);
      if (signal.aborted || adapted.last) return;
      found = changes(told) ? told : null;
      show();
      if (found) say($("fit-text").textContent);
    } catch (error) {
      if (error.name !== "AbortError") found = null; // an offer that could not be made
    }
  }

  function show() {
    $("fit-offer").hidden = !found || adapted.last !== null;
    if (found) $("fit-text").textContent = offered(found);
    const own = given();
    const names = new Set(own.map((cell) => cell.given));
    const enough = own.length >= LABELS && names.size >= CLASSES && own.some((cell) => isCorrected(cell));
    const known = adapted.taught && same(labelled(adapted.taught), own);
    $("teach-offer").hidden = !enough || known;
    $("teach-text").textContent = `${several(own.length, "label")} by hand, of ${several(names.size, "class", "classes")}, can teach the model.`;
    $("teach").textContent = adapted.taught ? "Teach the model anew" : "Teach the model";
    $("steps").replaceChildren(...adapted.steps.map(line));
    $("fitting").hidden = [...$("fitting").children].every((part) => part.hidden || (part.id === "steps" && !part.children.length));
  }

  /** A step that is in use; the last one can be taken back. */
  function line(step) {
    const text = stepInWords(step);
    const made = element("li", {}, element("span", {}, step === adapted.last ? `${text} ${moved(step)}` : text));
    if (step !== adapted.last) return made;
    const button = (title, act) => {
      const one = element("button", { type: "button", className: "screen-only" }, title);
      one.addEventListener("click", act);
      made.append(one);
    };
    if (step.used.length) button("Save the model file", (event) => saveModel(step, event.target));
    button(`Undo the ${NOUNS[step.kind]}`, () => {
      adapted.undo();
      say("Undone.");
      document.activeElement === document.body && $("grid").querySelector("[tabindex='0']")?.focus();
    });
    return made;
  }

  function moved({ kind }) {
    const { moved: n, of } = adapted.moved();
    const others = kind === "taught" ? "other cells" : "cells";
    return of ? `${n.toLocaleString("en")} of ${of.toLocaleString("en")} ${others} have another class now.` : "";
  }

  async function saveModel(step, button) {
    button.disabled = true;
    try {
      const { images, labels } = await lesson(step.used);
      const { zoom } = step.about;
      const taught = step.kind === "taught";
      const file = taught ? await taughtModel(images, { labels, zoom }) : await fittedModel(images, { zoom });
      save(file, about.file(taught ? "taught.onnx" : "adapted.onnx"));
      say("Saved.");
    } catch (error) {
      $("steps").lastElementChild?.append(element("span", { role: "alert" }, `Not saved: ${error.message}`));
    }
    button.disabled = false;
  }

  /** Images and labels of the cells that can be read. */
  async function lesson(used) {
    const images = await read(used.map(([cell]) => cell), limits);
    const labels = new Map(used.map(([cell, label]) => [String(cell.id), label]));
    return { images, labels: images.map(({ name }) => labels.get(name)) };
  }

  /**
   * Ask the service what would change, and show it.
   * @param {{title: string, note: string, failed: string}} words while it works, and where it fails
   * @param {(signal) => Promise<object>} ask what was told, with {title, rows, notes, useful, changed}
   * @returns {Promise<object|null>} what was told, where the person wants it used
   */
  async function propose({ title, note, failed }, ask) {
    const box = $("lesson");
    fill({ title, notes: [note] });
    box.returnValue = "";
    const closed = new Promise((resolve) => box.addEventListener("close", resolve, { once: true }));
    box.showModal();
    const leave = new AbortController();
    closed.then(() => leave.abort());
    let told = null;
    try {
      told = await ask(leave.signal);
      if (!box.open) return null;
      fill(told);
      $(told.useful ? "lesson-use" : "lesson-cancel").focus({ preventScroll: true }); // what changes is read first
    } catch (error) {
      if (error.name !== "AbortError" && box.open) fill({ title: failed, notes: [error.message] });
    }
    await closed;
    return box.returnValue === "use" ? told : null;
  }

  function fill({ title, rows = [], notes, useful = false, changed = [] }) {
    $("lesson-title").textContent = title;
    $("lesson-table").hidden = !rows.length;
    $("lesson-table").tBodies[0].replaceChildren(...rows.map(({ name, before, after }) =>
      element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, before), element("td", {}, after))));
    $("lesson-changed").hidden = !changed.length;
    $("lesson-changed").replaceChildren(...changed.slice(0, SHOWN).map(another));
    $("lesson-notes").replaceChildren(...notes.map((note) => element("li", {}, note)));
    $("lesson-use").hidden = !useful;
  }

  /** A cell that would have another class. */
  function another({ cell, before, after }) {
    const picture = element("canvas", { width: 96, height: 96, "data-cell": cell.id });
    queueMicrotask(() => thumbnail(cell, picture)); // once it is in the page
    return element("li", { title: cell.path }, picture, `${classes.title(before)} → ${classes.title(after)}`);
  }

  /** Show what fitting the model to the cells changes, and use it where the person wants that. */
  async function fitTo() {
    const { zoom, lines } = found;
    const list = spread(answered(), Math.min(FITTED, limits.max_files));
    const words = { title: "Fitting…", note: `To ${several(list.length, "cell")}; ${WAIT}`, failed: "The model was not fitted" };
    const told = await propose(words, async (signal) => {
      const told = await fit(await read(list, limits), { zoom }, signal);
      const by = new Map(list.map((cell) => [String(cell.id), cell]));
      const changed = told.changed.map(({ file, before, after }) => ({ cell: by.get(file), before, after }));
      const more = changed.length > SHOWN ? `, the first ${SHOWN} of them above` : "";
      return {
        ...told, changed, useful: changes(told),
        rows: told.rows.filter(({ before, after }) => before !== NO_CELL || after !== NO_CELL),
        title: changes(told) ? "What fitting to these cells changes" : "Nothing is to be fitted",
        notes: [
          `${changed.length} of ${several(told.images, "cell")} would have another class${more}. Without labels nobody knows whether it is right: look at them.`,
          ...(zoom === 1 ? [] : lines.slice(0, 1)),
          told.lines.at(-1),
        ],
      };
    });
    if (!told) return;
    adapted.fit({ zoom: told.zoom, taught: told.taught }, list.map((cell) => [cell, null]));
    say(stepInWords(adapted.last));
  }

  /** Show what the labels teach, and use it where the person wants that. */
  async function learn() {
    const own = given().sort((a, b) => isCorrected(b) - isCorrected(a)); // where there are too many, mistakes first
    const labels = own.slice(0, limits.max_files).map((cell) => [cell, cell.given]);
    const room = Math.max(0, Math.min(TAUGHT, limits.max_files) - labels.length);
    const others = spread(answered().filter((cell) => cell.given === null), room);
    const used = [...labels, ...others.map((cell) => [cell, null])];
    const beside = others.length ? ` and ${several(others.length, "other")}` : "";
    const words = { title: "Teaching…", note: `By ${several(labels.length, "labelled cell")}${beside}; ${WAIT}`, failed: "The model was not taught" };
    const told = await propose(words, async (signal) => {
      const { images, labels } = await lesson(used);
      const told = await teach(images, { labels, zoom: adapted.zoom }, signal);
      return {
        ...told, useful: told.better,
        title: told.better ? "What these labels teach" : "These labels do not make the model better",
        notes: [
          `${told.heading}: each is judged by a model that was taught by the others.`,
          "Cells that you chose are no fair sample: of the rest fewer may have been wrong. Check some that are right, too.",
          ...asFitted(own),
          ...(own.length > limits.max_files ? [`${several(own.length - limits.max_files, "more label")} did not fit in a request.`] : []),
          ...told.lines,
        ],
      };
    });
    if (told?.taught) adapted.teach(told.taught, used, told.comparison);
  }

  $("fit-use").addEventListener("click", fitTo);
  $("fit-leave").addEventListener("click", () => ((found = null), show()));
  $("teach").addEventListener("click", learn);

  return {
    follow: () => (show(), look()),
    forget() {
      stop.abort();
      stop = new AbortController();
      looked = 0;
      found = null;
    },
  };
}

const WAIT = "it takes some seconds. The service keeps none of them.";

const changes = ({ zoom, taught }) => zoom !== 1 || taught !== null;

/** What fits the cells, as an offer. */
function offered({ zoom, taught, differing, images, seconds }) {
  const size = `look ${zoom > 1 ? "smaller" : "larger"} than what the model knows (zoom ${zoom})`;
  const turned = (cells) => `calls ${percent(differing)} of ${cells} otherwise when they are turned`;
  const text = zoom === 1 ? `The model ${turned("these cells")}.` : taught ? `These ${size}, and it ${turned("them")}.` : `These ${size}.`;
  return `${text} ${several(images, "cell")} looked at in ${seconds.toFixed(1)} s.`;
}

function stepInWords(step) {
  const { zoom } = step.about;
  if (step.kind === "taught") return `The model is taught: ${step.text}.`;
  if (step.kind === "zoom") return `All cells are seen at zoom ${zoom}.`;
  return `The model is fitted to ${several(step.used.length, "cell")}${zoom === 1 ? "" : `, seen at zoom ${zoom}`}.`;
}

/** What a model that is fitted without labels says of labelled cells: teaching begins from the one that is served. */
function asFitted(own) {
  const judged = own.filter(({ by }) => by?.kind === "fitted");
  const right = judged.filter(({ answer, given }) => answer.label === given).length;
  return judged.length ? [`“Before” is the model as it is served. As it is fitted now it has ${right} of ${several(judged.length, "labelled cell")} right.`] : [];
}

/** So many things of a list, evenly through it. */
const spread = (list, most) =>
  list.length <= most ? list : Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]);

const same = (used, cells) =>
  used.length === cells.length && used.every(([cell, label]) => cells.includes(cell) && cell.given === label);

/** Pictures of cells that can be read and fit in one request. */
async function read(cells, { max_body }) {
  const images = [];
  let bytes = 0;
  for (const cell of cells) {
    const blob = await cell.read().catch(() => null);
    if (!blob || bytes + blob.size + 2 * FORM > max_body) continue;
    bytes += blob.size + FORM;
    images.push({ name: String(cell.id), blob });
  }
  return images;
}
