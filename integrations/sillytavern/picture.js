/** A card's file, as a picture and nothing else: a card holds its character's whole text, which is nobody's business. Pure. */

const PNG = [137, 80, 78, 71, 13, 10, 26, 10];
const KEPT = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'sBIT', 'cICP']);
const NAME = 24; // letters of a card's name in a character's

/**
 * The PNG without all that is no picture: texts, times, what other programs keep there.
 * @param {Uint8Array} bytes of a file; what is no PNG comes back as it is.
 * @throws {Error} it is a PNG that is cut off.
 */
export function pictureOnly(bytes) {
  if (!isPng(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, PNG.length)];
  for (let at = PNG.length, kind = ''; kind !== 'IEND'; ) {
    if (at + 12 > bytes.length) throw new Error('the picture is cut off');
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) throw new Error('the picture is cut off');
    kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (KEPT.has(kind)) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return joined(parts);
}

export function isPng(bytes) {
  return PNG.every((value, at) => bytes[at] === value);
}

/**
 * 16 hexadecimal digits that tell pictures apart; FNV-1a, twice. Pages without https have no SHA.
 * @param {Uint8Array} bytes
 */
export function fingerprint(bytes) {
  let [one, two] = [0x811c9dc5, 0x050c5d1f];
  for (const value of bytes) {
    one = Math.imul(one ^ value, 0x01000193);
    two = Math.imul(two ^ (value + 0x5f), 0x01000193);
  }
  return [one, two].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

/** The name of a card's character on the server: of the letters that names may have, and with its picture's print. */
export function characterName(card, print) {
  const plain = card.replace(/\.[a-z0-9]+$/i, '').normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, NAME).replace(/-+$/, '');
  return `card-${slug ? `${slug}-` : ''}${print}`;
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
