/** Where the avatar stands in the window. Pure: numbers in, numbers out, px. */

/** Narrower than this, a window is a phone's, as for SillyTavern. */
export const NARROW = 1_000;
const LEAST = 96;
const USUAL = [200, 560]; // beside a chat that says nothing else
const MOST = 0.95; // of the window's shorter way
const PHONE = 0.5; // of a phone's width: the chat is below it

export function kindOf(width) {
  return width <= NARROW ? 'narrow' : 'wide';
}

/**
 * The box of a kept place: `left`, `top` and `size`.
 * @param {{side: string, across: number, up: number, size: number}} place
 * @param {{width: number, height: number, top: number, bottom: number, beside: number}} room of the window; top and bottom are
 *   taken, and so much is free beside the chat.
 */
export function boxOf(place, room) {
  const height = Math.max(LEAST, room.height - room.top - room.bottom);
  const share = kindOf(room.width) === 'narrow' ? PHONE : MOST;
  const wanted = place.size || Math.min(USUAL[1], Math.max(USUAL[0], room.beside));
  const size = Math.round(Math.max(Math.min(LEAST, room.width), Math.min(wanted, share * room.width, MOST * height)));
  const away = place.across * Math.max(0, room.width - size);
  const left = place.side === 'left' ? away : room.width - size - away;
  const top = room.top + (1 - place.up) * Math.max(0, height - size);
  return { left: Math.round(left), top: Math.round(top), size };
}

/** Whether a box is a strip of its own at the head of a phone, below which the chat begins. */
export function isStrip(box, room) {
  return kindOf(room.width) === 'narrow' && box.top <= room.top + 4;
}

/** The place of a box that was moved there: kept from the nearer edge, so that it stays there in a window of another size. */
export function placeOf({ left, top, size }, room) {
  const height = Math.max(LEAST, room.height - room.top - room.bottom);
  const free = Math.max(1, room.width - size);
  const isLeft = left + size / 2 <= room.width / 2;
  const across = clamp((isLeft ? left : room.width - size - left) / free);
  const up = clamp(1 - (top - room.top) / Math.max(1, height - size));
  return { side: isLeft ? 'left' : 'right', across, up, size: Math.round(size) };
}

/** The box of which one corner was drawn by so much, away from the edge that it stands at; its foot stays. */
export function resized(box, side, dx, dy) {
  const by = Math.abs(dx) > Math.abs(dy) ? (side === 'left' ? dx : -dx) : -dy;
  const size = Math.max(LEAST, box.size + by);
  return { size, top: box.top + box.size - size, left: side === 'left' ? box.left : box.left + box.size - size };
}

function clamp(value) {
  return Math.min(1, Math.max(0, value));
}
