// Reads a zip in the browser. The members stay packed until they are asked for.

const END = 0x06054b50;
const MEMBER = 0x02014b50;
const END_SIZE = 22;
const COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;

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
    const bytes = new Uint8Array(directory.buffer, directory.byteOffset + at + 46, name);
    const path = new TextDecoder().decode(bytes);
    if (!path.endsWith("/")) members.push({ path, read: () => unpack(zip, member, most) });
    at += 46 + name + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
  }
  return members;
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
