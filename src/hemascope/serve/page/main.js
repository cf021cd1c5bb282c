// The page: joins the parts.

import { About } from "./about.js";
import { Adapted, inWords } from "./adapted.js";
import { askClass, askToken, sure } from "./ask.js";
import { Cells, group } from "./cells.js";
import { Choice } from "./choice.js";
import { Classes } from "./classes.js";
import { Detail } from "./detail.js";
import { $, element, say, several } from "./dom.js";
import { draggable } from "./drag.js";
import { fitting } from "./fitting.js";
import { Grid } from "./grid.js";
import { takeIn } from "./intake.js";
import { Keeper } from "./keep.js";
import { listen, targets } from "./keys.js";
import { Measured } from "./measured.js";
import { complain, warnUnlike } from "./notices.js";
import { palette } from "./palette.js";
import { forget } from "./pictures.js";
import { progress } from "./progress.js";
import { Queue } from "./queue.js";
import { report } from "./report.js";
import { Selection } from "./selection.js";
import { get, onToken } from "./service.js";
import { fromRecord } from "./session.js";
import { takeaway } from "./takeaway.js";

onToken(askToken);
start().catch((error) => complain([error.message]));

async function start() {
  const { card, limits, sha256 } = await get("v1/model");
  const classes = new Classes((await get("v1/classes")).classes);
  const name = `Model ${card.name}${card.network ? `, ${card.network}` : ""}, ${sha256.slice(0, 8)}`;

  const cells = new Cells();
  const about = new About(touched);
  const adapted = new Adapted(cells, classes);
  const session = {
    cells, classes, adapted, about, model: { name: card.name, sha256 }, unsaved: false,
    get title() {
      return [name, inWords(adapted.last)].filter(Boolean).join(", ");
    },
  };
  session.measured = new Measured(classes, adapted, Boolean(card.confusion?.counts), () => follow(false));
  const fit = fitting(session, limits);
  const keeper = new Keeper(session, complain);
  const choice = new Choice(classes);
  const selection = new Selection(() => {
    grid.refresh();
    choose();
  });
  const grid = new Grid(choice, classes, selection, (place) => detail.open(place));
  const detail = new Detail(grid, choice, classes, give);
  const page = { detail, grid, selection, classes };
  const choose = palette(classes, selection, (name) => give(targets(page), name));
  let queue = new Queue(cells, limits, adapted);
  let due = false;

  /** Something would be lost with the page. */
  function touched() {
    session.unsaved = true;
    keeper.changed();
  }

  function give(chosen, name) {
    const given = cells.label(chosen, name);
    if (!chosen.length) say("Choose a cell first.");
    else if (given.length === 1) say(`${choice.title(group(given[0]))}. Undo with U.`);
    else if (given.length) say(`${several(given.length, "cell")}: ${choice.title(name)}. Undo with U.`);
  }

  function undo() {
    const undone = cells.undo();
    if (undone.length === 1) say(`Undone: ${choice.title(group(undone[0]))} again.`);
    else if (undone.length) say(`Undone: ${several(undone.length, "cell")} as before.`);
  }

  /** Go to the next cell that wants a look. */
  function next() {
    const place = choice.nextDoubtful(grid.cells, grid.at);
    if (place < 0) return say("No cell shown is left to review.");
    selection.set([]);
    grid.go(place, !detail.cell);
    if (detail.cell) detail.open(place);
  }

  /** Choose and order anew what is shown. */
  function arrange() {
    const shown = choice.of(cells.list);
    $("empty").hidden = shown.length > 0 || !cells.list.length;
    $("grid").hidden = !shown.length;
    grid.show(shown, choice.sections(shown));
  }

  /** Draw what follows from the cells, once a frame at most. */
  function follow(arranged) {
    due ||= requestAnimationFrame(() => {
      due = false;
      $("model").textContent = session.title;
      $("bench").hidden = !cells.list.length;
      document.body.classList.toggle("busy", cells.list.length > 0);
      progress(cells);
      choice.offer(cells.list);
      report(cells.list, classes, session.measured.of(cells.list));
      warnUnlike(cells.list);
      fit.follow();
      $("undo").disabled = !cells.canUndo;
      detail.refresh();
    });
    if (arranged) arrange();
    else grid.refresh(); // a corrected cell stays where it is until something else is chosen
  }

  /** Forget what is under way, and ask for these cells' answers. */
  function anew(waiting) {
    queue.stop();
    queue = new Queue(cells, limits, adapted);
    queue.add(waiting);
  }

  /** Let go of all that is classified or waits to be. */
  function empty() {
    anew([]);
    fit.forget();
    selection.set([]);
    forget();
  }

  async function open(read, pictureOf) {
    const lossy = session.unsaved && !keeper.done;
    if (lossy && !(await sure("Opening the session replaces what is on the page, with labels that are saved nowhere.", "Open it"))) return;
    empty();
    queue.add(fromRecord(session, read, pictureOf));
    session.unsaved = false;
  }

  takeIn(limits.max_body, complain, {
    open,
    add(images) {
      const added = cells.add(images);
      queue.add(added);
      return added.map(({ path }) => path);
    },
  });
  cells.addEventListener("change", ({ detail: what }) => {
    if (what === "labels") touched();
    else keeper.changed();
    if (what === "labels") queue.add(adapted.stale());
    follow(what !== "labels");
  });
  adapted.addEventListener("change", () => {
    touched();
    adapted.stale();
    anew(cells.list.filter(({ answer, error }) => !answer && !error));
    follow(true);
  });
  classes.addEventListener("change", () => {
    if (classes.own.length) touched();
    follow(false);
  });
  for (const id of ["show", "sort"]) $(id).addEventListener("change", arrange);
  $("threshold").addEventListener("input", () => {
    $("threshold-text").textContent = `${$("threshold").value}%`;
    follow($("show").value === "review");
  });
  $("undo").addEventListener("click", undo);
  $("next-doubtful").addEventListener("click", next);
  $("retry").addEventListener("click", () => queue.add(cells.again()));
  $("clear").addEventListener("click", async () => {
    const labelled = cells.list.filter((cell) => cell.given !== null).length;
    const text = `${several(labelled, "label")} given by hand will be gone, and the sample's name and note; Undo does not bring them back.`;
    const done = labelled || classes.own.length || about.sample || about.note;
    if ((session.unsaved || keeper.on) && done && !(await sure(text, "Clear them"))) return;
    empty();
    cells.clear();
    adapted.clear();
    classes.clear();
    about.set("", "");
    session.unsaved = false;
    complain([]);
    $("pick-files").focus();
  });
  $("own-class").addEventListener("click", async () => {
    const chosen = targets(page);
    const name = await askClass(classes);
    if (name && chosen.length) give(chosen, name);
  });
  for (const id of ["several", "report-toggle"]) {
    $(id).addEventListener("click", () => {
      const on = $(id).getAttribute(id === "several" ? "aria-pressed" : "aria-expanded") !== "true";
      $(id).setAttribute(id === "several" ? "aria-pressed" : "aria-expanded", on);
      document.body.classList.toggle(id, on);
      if (id === "several" && !on) selection.set([]);
    });
  }
  listen(page, { give, undo, next });
  draggable(grid, selection, (chosen, name) => {
    give(chosen, name);
    arrange();
  });
  takeaway(session);
  keeper.addEventListener("change", () => {
    $("keep").textContent = keeper.on ? "Forget what this browser keeps" : "Keep over a reload";
    $("kept").hidden = !keeper.on;
    $("kept").textContent = keeper.done ? "This browser keeps the images and labels: whoever uses it can see them." : "Keeping…";
  });
  $("keep").addEventListener("click", () => (keeper.on ? keeper.forget() : keeper.start()));
  addEventListener("beforeunload", (event) => session.unsaved && !keeper.done && event.preventDefault());
  queue.add((await keeper.resume()) ?? []);
  session.unsaved = false;
  $("model").textContent = session.title;
}
