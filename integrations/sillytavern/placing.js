/** Where a face belongs in a picture that animates well, and how a picture is laid there. Pure. */

export const SIDE = 512; // px of the picture that is made
const EYES = { apart: 60, x: 256, y: 146 }; // in it, where the networks look for them
const MOUTH_Y = 176;
const LEAST = 0.25; // of the usual way from eyes to mouth for their distance, below which three marks are no face
const MOST = 4;

/** Marks for a picture nobody has marked: one eye, the other, the mouth, as shares of its width and height. */
export const GUESS = Object.freeze([Object.freeze([0.42, 0.22]), Object.freeze([0.58, 0.22]), Object.freeze([0.5, 0.3])]);

/**
 * How to lay a picture so that its face is upright and in its place: `[a, b, c, d, e, f]` of a canvas's `setTransform`.
 * @param {number[][]} marks of one eye, the other and the mouth, as shares. @param {number} width px @param {number} height px
 * @throws {Error} they mark no face.
 */
export function layingOf(marks, width, height) {
  const [one, other, mouth] = marks.map(([x, y]) => [x * width, y * height]);
  const [left, right] = one[0] <= other[0] ? [one, other] : [other, one];
  const middle = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const apart = Math.hypot(right[0] - left[0], right[1] - left[1]);
  const [along, across] = [(right[0] - left[0]) / apart, (right[1] - left[1]) / apart];
  const down = -across * (mouth[0] - middle[0]) + along * (mouth[1] - middle[1]); // from the eyes to the mouth, upright
  const share = (down / apart) / ((MOUTH_Y - EYES.y) / EYES.apart);
  if (!(share >= LEAST && share <= MOST)) throw new Error('these marks are no face: put two on the eyes, and the third on the mouth below them');
  const scale = Math.sqrt((EYES.apart / apart) * ((MOUTH_Y - EYES.y) / down)); // faces differ: between what either wants
  const [a, b] = [scale * along, -scale * across];
  return [a, b, -b, a, EYES.x - a * middle[0] + b * middle[1], EYES.y - b * middle[0] - a * middle[1]];
}

/** Whether pixels have a ground: RGBA of a small copy. Its upper edge and sides count, for a figure may leave it at the foot. */
export function hasGround(rgba, width, height) {
  let [seen, all] = [0, 0];
  const look = (x, y) => { seen += rgba[4 * (y * width + x) + 3] >= 128 ? 1 : 0; all += 1; };
  for (let x = 0; x < width; x += 1) look(x, 0);
  for (let y = 0; y < height; y += 1) { look(0, y); look(width - 1, y); }
  return seen > 0.9 * all;
}
