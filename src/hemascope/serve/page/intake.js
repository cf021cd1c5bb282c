// What was dropped or chosen, as a list of images: files, folders and zips.

import { unzip } from "./unzip.js";

const IMAGE = /\.(jpe?g|jpe|jfif|png|tiff?|bmp|gif|webp|jp2|avif|ppm|pgm)$/i;
const ZIP = /\.zip$/i;

/**
 * The files of a drop. The browser forgets the drop once its event is over, so this takes hold of all at once.
 * @param {DataTransfer} transfer
 */
export function dropped(transfer) {
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return Promise.all(entries.map((entry) => (entry instanceof File ? [named(entry)] : walk(entry)))).then((lists) =>
    lists.flat(),
  );
}

/** The files of an input, by their paths, which begin with the folder where one was chosen. */
export const chosen = (files) => [...files].map(named).sort((a, b) => inOrder(a.path, b.path));

const named = (file) => ({ path: file.webkitRelativePath || file.name, file });

const inOrder = new Intl.Collator("en", { numeric: true }).compare;

/**
 * Files to images; zips are looked into.
 * @param {{path: string, file: File}[]} files
 * @param {number} most bytes that an image may have
 * @returns {Promise<{images: {path: string, read: () => Promise<Blob>}[], others: number, problems: string[]}>}
 */
export async function imagesOf(files, most) {
  const images = [];
  const problems = [];
  let others = 0;
  const take = (path, read) => {
    if (isImage(path)) images.push({ path, read });
    else others++;
  };
  for (const { path, file } of files) {
    if (!ZIP.test(path)) {
      take(path, async () => file);
      continue;
    }
    try {
      for (const member of await unzip(file, most)) take(member.path, member.read);
    } catch (error) {
      problems.push(`${path}: ${error.message}`);
    }
  }
  return { images, others, problems };
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
