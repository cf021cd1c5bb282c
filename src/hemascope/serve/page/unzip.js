// Reads a zip in the browser. The members stay packed until they are asked for.

import { checksum } from "./checksum.js";

const END = 0x06054b50;
const MEMBER = 0x02014b50;
const END_SIZE = 22;
const COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const UTF8 = 0x800; // flag: the name is UTF-8
const UNICODE_NAME = 0x7075; // extra field: the name again, as UTF-8
const HIGH =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"; // of code page 437, from 128

/**
 * The members of a zip.
 * @param {Blob} zip
 * @param {number} most bytes that a member may unpack to
 * @returns {Promise<{path: string, read: () => Promise<Blob>}[]>} folders are left out
 */
export async function unzip(zip, most) {
  const tail = await view(zip, Math.max(0, zip.size - END_SIZE - COMMENT), zip.size);
  let end = tail.byteLength - END_SIZE;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw new Error("It is no whole zip.");
  const count = tail.getUint16(end + 10, true);
  const size = tail.getUint32(end + 12, true);
  const start = tail.getUint32(end + 16, true);
  if (count === 0xffff || start === 0xffffffff) throw new Error("Zips of over 65,534 files or 4 GB are not read: unpack it first.");
  const directory = await view(zip, start, start + size);
  const members = [];
  for (let at = 0, i = 0; i < count; i++) {
    if (directory.getUint32(at, true) !== MEMBER) throw new Error("The zip's directory is damaged.");
    const member = {
      flags: directory.getUint16(at + 8, true),
      method: directory.getUint16(at + 10, true),
      packed: directory.getUint32(at + 20, true),
      size: directory.getUint32(at + 24, true),
      offset: directory.getUint32(at + 42, true),
    };
    const name = directory.getUint16(at + 28, true);
    const extra = directory.getUint16(at + 30, true);
    const bytes = (from, length) => new Uint8Array(directory.buffer, directory.byteOffset + from, length);
    const path = nameOf(bytes(at + 46, name), bytes(at + 46 + name, extra), member.flags & UTF8);
    if (!path.endsWith("/")) members.push({ path, read: () => unpack(zip, member, most) });
    at += 46 + name + extra + directory.getUint16(at + 32, true);
  }
  return members;
}

/**
 * A member's name. Without the flag it is of code page 437, but macOS writes UTF-8 without it: what reads as UTF-8 is.
 * @param {Uint8Array} bytes
 * @param {Uint8Array} extra fields
 * @param {number} isUtf8 whether the zip says so
 */
function nameOf(bytes, extra, isUtf8) {
  if (isUtf8) return new TextDecoder().decode(bytes);
  const fields = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length; at += 4 + fields.getUint16(at + 2, true)) {
    const length = fields.getUint16(at + 2, true); // version, checksum of the other name, name
    const isName = fields.getUint16(at, true) === UNICODE_NAME && length > 5 && at + 4 + length <= extra.length;
    if (isName && fields.getUint32(at + 5, true) === checksum(bytes)) {
      return new TextDecoder().decode(extra.subarray(at + 9, at + 4 + length));
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : HIGH[byte - 128])).join("");
  }
}

async function unpack(zip, { flags, method, packed, size, offset }, most) {
  if (flags & 1) throw new Error("it is encrypted");
  if (size > most) throw new Error("it is too large");
  const head = await view(zip, offset, offset + 30);
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const data = zip.slice(start, start + packed);
  if (method === STORED) return data;
  if (method !== DEFLATED) throw new Error(`it is packed by method ${method}`);
  return collect(data.stream().pipeThrough(new DecompressionStream("deflate-raw")), size);
}

/** A stream's bytes, which must be as many as the directory says: a bomb says otherwise. */
async function collect(stream, size) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > size) throw new Error("it is longer than the zip says");
    chunks.push(chunk);
  }
  if (bytes < size) throw new Error("it is shorter than the zip says");
  return new Blob(chunks);
}

const view = async (blob, start, end) => new DataView(await blob.slice(start, end).arrayBuffer());
