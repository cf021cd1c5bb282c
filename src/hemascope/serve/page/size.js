// How large pictures are, as their headers say: nothing is unpacked.

const HEAD = 1 << 18; // bytes that are looked at; a JPEG has its size behind a preview and a colour profile
const DIRECTORY = 4096; // bytes of a TIFF's; the size comes first in it
const FEWEST = 3000; // bytes of a picture that can be large

/**
 * Width and height of a picture in pixels; null where its header does not tell (AVIF, JPEG 2000, BigTIFF).
 * @param {Blob} blob
 * @returns {Promise<[number, number]|null>}
 */
export async function sizeOf(blob) {
  if (blob.size < FEWEST) return null;
  const view = new DataView(await blob.slice(0, HEAD).arrayBuffer());
  try {
    return png(view) ?? jpeg(view) ?? bmp(view) ?? gif(view) ?? webp(view) ?? (await tiff(blob, view));
  } catch (error) {
    if (error instanceof RangeError) return null; // shorter than it says
    throw error;
  }
}

const text = (view, at, length) => String.fromCharCode(...new Uint8Array(view.buffer, at, length));

function png(view) {
  return text(view, 1, 3) === "PNG" ? [view.getUint32(16), view.getUint32(20)] : null;
}

function jpeg(view) {
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 < view.byteLength; ) {
    const marker = view.getUint16(at);
    if (marker >> 8 !== 0xff) return null;
    const frame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (frame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xffff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function bmp(view) {
  return text(view, 0, 2) === "BM" ? [Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true))] : null;
}

function gif(view) {
  return text(view, 0, 3) === "GIF" ? [view.getUint16(6, true), view.getUint16(8, true)] : null;
}

function webp(view) {
  if (text(view, 0, 4) !== "RIFF" || text(view, 8, 4) !== "WEBP") return null;
  const at = (place) => view.getUint16(place, true);
  const kind = text(view, 12, 4);
  if (kind === "VP8 ") return [at(26) & 0x3fff, at(28) & 0x3fff];
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1];
  }
  return [1 + at(24) + (view.getUint8(26) << 16), 1 + at(27) + (view.getUint8(29) << 16)];
}

/** The first page of a TIFF; its directory may lie anywhere, often behind its pixels. */
async function tiff(blob, view) {
  const little = text(view, 0, 2) === "II";
  if ((!little && text(view, 0, 2) !== "MM") || view.getUint16(2, little) !== 42) return null;
  const start = view.getUint32(4, little);
  const directory = new DataView(await blob.slice(start, start + DIRECTORY).arrayBuffer());
  const found = {};
  for (let i = 0; i < directory.getUint16(0, little) && !(found[256] && found[257]); i++) {
    const at = 2 + 12 * i;
    const short = directory.getUint16(at + 2, little) === 3;
    found[directory.getUint16(at, little)] = short ? directory.getUint16(at + 8, little) : directory.getUint32(at + 8, little);
  }
  return found[256] && found[257] ? [found[256], found[257]] : null;
}
