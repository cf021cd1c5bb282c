// What was dropped or chosen: files, folders and zips of images, and saved sessions.

import { $, several } from "./dom.js";
import { samples } from "./service.js";
import { RECORD } from "./session.js";
import { unzip } from "./unzip.js";

const IMAGE = /\.(jpe?g|jpe|jfif|png|tiff?|bmp|gif|webp|jp2|avif|ppm|pgm)$/i;
const ZIP = /\.zip$/i;

/**
 * Take what is dropped on the page or chosen by its buttons.
 * @param {number} most bytes that an image may have
 * @param complain called with sentences, and whether they are calm
 * @param taker {add(images) -> the paths that others had, as they are now, open(record, pictureOf) a session}
 */
export function takeIn(most, complain, { add, open }) {
  async function take(promise) {
    complain([]);
    try {
      const { images, others, problems, session } = await imagesOf(await promise, most);
      if (session) await open(session.record, session.pictureOf);
      const notes = others ? [`${several(others, "other file is no image", "other files are no images")} by name and passed over.`] : [];
      if (!images.length && !others && !problems.length && !session) problems.push("There is no file in it.");
      const renamed = images.length ? await add(images) : [];
      if (renamed.length) notes.push(`${several(renamed.length, "image has", "images have")} the name of another: “${renamed[0]}” tells them apart.`);
      complain([...problems, ...notes], !problems.length);
    } catch (error) {
      complain([error.message]);
    }
  }

  for (const [button, input] of [["pick-files", "files"], ["pick-folder", "folder"]]) {
    $(button).addEventListener("click", () => $(input).click());
    $(input).addEventListener("change", () => take(chosen($(input).files)).finally(() => ($(input).value = "")));
  }
  $("try").addEventListener("click", () => take(samples().then((file) => [{ path: "samples.zip", file }])));
  const brings = (event) => event.dataTransfer.types.includes("Files"); // not cells of the page
  addEventListener("dragover", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    document.body.classList.remove("over");
    if (!brings(event)) return;
    event.preventDefault();
    take(dropped(event.dataTransfer));
  });
}

/**
 * The files of a drop. The browser forgets the drop once its event is over, so this takes hold of all at once.
 * @param {DataTransfer} transfer
 */
function dropped(transfer) {
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return Promise.all(entries.map((entry) => (entry instanceof File ? [named(entry)] : walk(entry)))).then((lists) =>
    lists.flat(),
  );
}

/** The files of an input, by their paths, which begin with the folder where one was chosen. */
const chosen = (files) => [...files].map(named).sort((a, b) => inOrder(a.path, b.path));

const named = (file) => ({ path: file.webkitRelativePath || file.name, file });

const inOrder = new Intl.Collator("en", { numeric: true }).compare;

/**
 * Files to images; zips are looked into.
 * @param {{path: string, file: File}[]} files
 * @param {number} most bytes that an image may have
 * @returns {Promise<{images: {path: string, read: () => Promise<Blob>, zip: string}[], others: number, problems:
 *   string[], session: object|null}>} zip: the path of the one that an image is in, or ""; session: the saved one
 *   among them, as {record, pictureOf}
 */
async function imagesOf(files, most) {
  const images = [];
  const problems = [];
  let others = 0;
  let session = null;
  const take = (path, read, zip = "") => {
    if (isImage(path)) images.push({ path, read, zip });
    else others++;
  };
  for (const { path, file } of files) {
    if (!ZIP.test(path)) {
      take(path, async () => file);
      continue;
    }
    try {
      const members = await unzip(file, most);
      if (members.some((member) => member.path === RECORD)) session = await sessionOf(members);
      else for (const member of members) take(member.path, member.read, path);
    } catch (error) {
      problems.push(`${path}: ${error.message}`);
    }
  }
  return { images, others, problems, session };
}

/** A saved session of the members of its zip. */
async function sessionOf(members) {
  const reads = new Map(members.map(({ path, read }) => [path, read]));
  const record = JSON.parse(await (await reads.get(RECORD)()).text());
  return { record, pictureOf: (file) => reads.get(file)?.() ?? Promise.reject(new Error("it is not in the session")) };
}

/** Pictures by their names; no hidden files, nor those that macOS adds to zips. */
const isImage = (path) => IMAGE.test(path) && !/(^|\/)(\.|__MACOSX\/)/.test(path);

async function walk(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath.slice(1), file }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // 100 at most
    if (!some.length) break;
    found.push(...some);
  }
  found.sort((a, b) => inOrder(a.name, b.name));
  return (await Promise.all(found.map(walk))).flat();
}
