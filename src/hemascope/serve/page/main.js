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
import { forgetFields } from "./cutouts.js";
import { countsOf, Fields } from "./fields.js";
import { FieldView } from "./fieldview.js";
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
import { Strip } from "./strip.js";
import { takeaway } from "./takeaway.js";

onToken(askToken);
start().catch((error) => complain([error.message]));

async function start() {
  const { card, limits, sha256, fields: finder } = await get("v1/model");
  const classes = new Classes((await get("v1/classes")).classes);
  const name = `Model ${card.name}${card.network ? `, ${card.network}` : ""}, ${sha256.slice(0, 8)}`;

  const cells = new Cells();
  const about = new About(touched);
  const adapted = new Adapted(cells, classes);
  const fields = new Fields(cells, finder, adapted);
  const session = {
    cells, classes, adapted, fields, about, model: { name: card.name, sha256 }, unsaved: false,
    get title() {
      return [name, inWords(adapted.last)].filter(Boolean).join(", ");
    },
    all: () => [...cells.list, ...fields.apart],
    counted: () => session.all().filter(({ counted }) => counted !== false),
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
  const field = new FieldView(fields, choice, classes, { give, undo, redo, single: (one) => single([one]), closed: () => strip.focus(field.last) });
  const strip = new Strip(fields, choice, classes, (one) => field.open(one));
  const page = { detail, field, grid, selection, classes };
  detail.searches = Boolean(finder);
  const choose = palette(classes, selection, (name) => give(targets(page), name));
  let queue = new Queue(cells, limits, adapted);
  let due = false;

  /** Something would be lost with the page. */
  function touched() {
    session.unsaved = true;
    keeper.changed();
  }

  /** These fields are pictures of one cell. */
  function single(list) {
    fields.areCells(list);
    say(`${several(list.length, "picture")} taken for single cells. Undo with U.`);
  }

  /** These cells' pictures are whole fields. */
  function whole(list) {
    const pictures = list.filter((cell) => !cell.field);
    if (!pictures.length) return say("Choose a picture of its own first.");
    fields.areFields(pictures);
    say(`${several(pictures.length, "picture")} taken for fields. Undo with U.`);
  }

  function give(chosen, name) {
    const given = cells.label(chosen, name);
    if (!chosen.length) say("Choose a cell first.");
    else if (given.length === 1) say(`${choice.title(group(given[0]))}. Undo with U.`);
    else if (given.length) say(`${several(given.length, "cell")}: ${choice.title(name)}. Undo with U.`);
  }

  function undo() {
    const undone = cells.undo();
    if (undone?.length === 1) say(`Undone: ${choice.title(group(undone[0]))} again.`);
    else if (undone) say(undone.length ? `Undone: ${several(undone.length, "cell")} as before.` : "Undone.");
  }

  function redo() {
    const redone = cells.redo();
    if (redone?.length) say(`Done again: ${redone.length > 1 ? `${several(redone.length, "cell")}, ` : ""}${choice.title(group(redone[0]))}.`);
    else if (redone) say("Done again.");
  }

  /** Go to the next cell that wants a look. */
  function next() {
    if (field.field) return field.next();
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
      const some = cells.list.length + fields.list.length > 0;
      $("bench").hidden = !some;
      $("cells").hidden = !cells.list.length;
      document.body.classList.toggle("busy", some);
      progress(cells, fields);
      choice.offer(cells.list);
      const counted = session.counted();
      report(counted, classes, session.measured.of(counted), fieldsInWords());
      warnUnlike(cells.list);
      fit.follow();
      $("undo").disabled = !cells.canUndo;
      $("redo").disabled = !cells.canRedo;
      $("export-crops").hidden = !fields.list.length;
      strip.refresh();
      detail.refresh();
      field.refresh();
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

  /** Have cells classified, and fields searched that were not. */
  function ask(waiting) {
    queue.add(waiting);
    fields.search(fields.waiting);
  }

  /** Let go of all that is classified or waits to be. */
  function empty() {
    anew([]);
    fields.stop();
    fit.forget();
    selection.set([]);
    forget();
    forgetFields();
  }

  /** What the fields add up to, in sentences. */
  function fieldsInWords() {
    const read = fields.list.filter((one) => one.cells);
    $("fields-text").textContent = read.length ? "" : "searching…";
    if (!read.length) return [];
    const sum = { red: 0, platelet: 0 };
    for (const one of read) for (const kind of ["red", "platelet"]) sum[kind] += countsOf(one, 0)[kind];
    const each = (n) => (n / read.length).toLocaleString("en", { maximumFractionDigits: 1 });
    const perRed = sum.red ? `, ${((1000 * sum.platelet) / sum.red).toFixed(1)} per 1,000 red cells` : "";
    const text = `${several(read.length, "field")}: ${several(sum.red, "red cell")} (${each(sum.red)} a field), ${several(sum.platelet, "platelet")} (${each(sum.platelet)} a field${perRed}).`;
    $("fields-text").textContent = text.replace(/^[^:]*: /, "");
    return [`${text} Cells cut by the right or the lower edge of a field are not counted.`];
  }

  async function open(read, pictureOf) {
    const lossy = session.unsaved && !keeper.done;
    if (lossy && !(await sure("Opening the session replaces what is on the page, with labels that are saved nowhere.", "Open it"))) return;
    empty();
    ask(fromRecord(session, read, pictureOf));
    session.unsaved = false;
  }

  takeIn(limits.max_body, complain, {
    open,
    async add(images) {
      const large = await fields.large(images);
      for (const image of images) Object.assign(image, { was: image.path, path: cells.distinct(image.path, image.zip) });
      for (const image of images) image.order = cells.place();
      fields.add(images.filter((image) => large.has(image)));
      const added = images.filter((image) => !large.has(image)).map(({ path, read, order }) => cells.make({ path, read, order }));
      cells.join(added);
      queue.add(added);
      return images.filter(({ path, was }) => path !== was).map(({ path }) => path);
    },
  });
  cells.addEventListener("change", ({ detail: what }) => {
    if (what === "labels") touched();
    else keeper.changed();
    if (what === "labels") queue.add(adapted.stale());
    follow(what !== "labels");
  });
  cells.addEventListener("join", ({ detail: joined }) => queue.add(joined));
  fields.addEventListener("change", () => {
    keeper.changed();
    follow(false);
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
  $("redo").addEventListener("click", redo);
  $("next-doubtful").addEventListener("click", next);
  $("retry").addEventListener("click", () => {
    queue.add(cells.again());
    fields.again();
  });
  $("clear").addEventListener("click", async () => {
    const labelled = session.all().filter((cell) => cell.given !== null || cell.drawn).length;
    const text = `${several(labelled, "label")} given by hand will be gone, and the sample's name and note; Undo does not bring them back.`;
    const done = labelled || classes.own.length || about.sample || about.note;
    if ((session.unsaved || keeper.on) && done && !(await sure(text, "Clear them"))) return;
    empty();
    cells.clear();
    fields.clear();
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
  $("fields-single").addEventListener("click", () => single(fields.list));
  $("whole").hidden = !finder;
  $("whole").addEventListener("click", () => {
    whole(targets(page));
    selection.set([]);
  });
  $("in-whole").addEventListener("click", () => {
    const { cell } = detail;
    $("detail").close();
    whole([cell]);
  });
  $("in-field").addEventListener("click", () => {
    const { cell } = detail;
    $("detail").close();
    field.open(cell.field, cell);
  });
  if (finder) {
    $("intake-title").textContent = "Drop cells, whole fields, a folder or a zip here";
    $("intake-what").textContent = "Pictures of one cell, in its centre; or fields of a smear, in which every cell is found.";
  }
  for (const id of ["several", "report-toggle"]) {
    $(id).addEventListener("click", () => {
      const on = $(id).getAttribute(id === "several" ? "aria-pressed" : "aria-expanded") !== "true";
      $(id).setAttribute(id === "several" ? "aria-pressed" : "aria-expanded", on);
      document.body.classList.toggle(id, on);
      if (id === "several" && !on) selection.set([]);
    });
  }
  listen(page, { give, undo, redo, next });
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
  ask((await keeper.resume()) ?? []);
  session.unsaved = false;
  $("model").textContent = session.title;
}
