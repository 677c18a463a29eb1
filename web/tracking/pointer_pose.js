/** Head and eyes that follow a pointer, lids and mouth that follow a key and a voice: a pose without a camera. */

const NEAR_S = 0.12; // in which the head comes most of the way to where the eyes are already
const QUICK_S = 0.04;

/**
 * Where a pointer is, as seen from the middle of a box: -1..1, y up, 1 at half the window's smaller side and beyond.
 * @param {{clientX: number, clientY: number}} pointer @param {DOMRect} box
 * @param {{width: number, height: number}} view the window's size, px.
 */
export function pointerPlace({ clientX, clientY }, box, view) {
  const reach = Math.max(1, Math.min(view.width, view.height) / 2);
  const within = (px) => Math.max(-1, Math.min(1, px / reach));
  return { x: within(clientX - box.left - box.width / 2), y: within(box.top + box.height / 2 - clientY) };
}

export class PointerPose {
  #head = { x: 0, y: 0 };
  #eyes = { x: 0, y: 0 };
  #t = null;

  /**
   * The pose of this moment, as morphs: blinks, brows and emotions stay the avatar's own.
   * @param {{x: number, y: number}} at of `pointerPlace`. @param {number} t s, grows.
   * @param {{isShut: boolean, mouth: ?number, strength: {head: number, eyes: number}}} how isShut: the eyes; mouth: how
   *   far open, 0..1, null leaves it alone.
   */
  next(at, t, { isShut = false, mouth = null, strength }) {
    const dt = this.#t === null ? Infinity : t - this.#t;
    this.#t = t;
    this.#head = come(this.#head, at, dt, NEAR_S);
    this.#eyes = come(this.#eyes, at, dt, QUICK_S);
    const far = (value) => round(Math.max(-1, Math.min(1, value)));
    const morphs = {
      // Both turn to the character's right, which is the left of the picture.
      head_y: far(-this.#head.x * strength.head),
      head_x: far(this.#head.y * strength.head),
      iris_rotation_y: far(-this.#eyes.x * strength.eyes),
      iris_rotation_x: far(this.#eyes.y * strength.eyes),
    };
    if (isShut) morphs.eye_wink_left = morphs.eye_wink_right = 1;
    if (mouth !== null) morphs.mouth_aaa = round(mouth);
    return { morphs };
  }
}

function come(from, to, dt, timeS) {
  const part = 1 - Math.exp(-dt / timeS);
  return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
}

const round = (value) => Number(value.toFixed(2)) + 0;
