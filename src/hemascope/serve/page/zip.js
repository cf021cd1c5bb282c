// Writes a zip in the browser.

import { checksum } from "./checksum.js";

const UTF8 = 0x800;
const DEFLATED = 8;
const SECOND_OF_1980 = 0x0021_0000; // 1 January 1980, 00:00: the earliest that a zip can say
const MOST_FILES = 0xfffe;
const MOST_BYTES = 0xfffffffe;

/**
 * A zip of members.
 * @param {{name: string, blob: Blob, pack?: boolean}[]} members; pictures are packed already, so they are stored
 * @returns {Promise<Blob>}
 */
export async function zip(members) {
  if (members.length > MOST_FILES) throw new Error(`A zip holds ${MOST_FILES.toLocaleString("en")} files at most.`);
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob, pack } of members) {
    const data = pack ? await deflate(blob) : blob;
    const header = fields(await checksumOf(blob), data.size, blob.size, new TextEncoder().encode(name), pack);
    parts.push(header.local, data);
    directory.push(header.central(offset));
    offset += header.local.length + data.size;
  }
  const size = directory.reduce((sum, each) => sum + each.length, 0);
  if (offset + size > MOST_BYTES) throw new Error("A zip holds 4 GB at most.");
  return new Blob([...parts, ...directory, end(members.length, size, offset)], { type: "application/zip" });
}

function fields(sum, packed, size, name, pack) {
  const about = (view, at) => {
    view.setUint16(at, 20, true); // version needed
    view.setUint16(at + 2, UTF8, true);
    view.setUint16(at + 4, pack ? DEFLATED : 0, true);
    view.setUint32(at + 6, SECOND_OF_1980, true);
    view.setUint32(at + 10, sum, true);
    view.setUint32(at + 14, packed, true);
    view.setUint32(at + 18, size, true);
    view.setUint16(at + 22, name.length, true);
  };
  const made = (length, signature, aboutAt) => {
    const bytes = new Uint8Array(length + name.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, signature, true);
    about(view, aboutAt);
    bytes.set(name, length);
    return [bytes, view];
  };
  return {
    local: made(30, 0x04034b50, 4)[0],
    central(offset) {
      const [bytes, view] = made(46, 0x02014b50, 6);
      view.setUint16(4, 20, true); // version made by
      view.setUint32(42, offset, true);
      return bytes;
    },
  };
}

function end(count, size, offset) {
  const bytes = new Uint8Array(22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, offset, true);
  return bytes;
}

const deflate = (blob) => new Response(blob.stream().pipeThrough(new CompressionStream("deflate-raw"))).blob();

/** The checksum of a blob, a chunk at a time. */
async function checksumOf(blob) {
  let sum = 0;
  const reader = blob.stream().getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) sum = checksum(read.value, sum);
  return sum;
}
