/**
 * Draws the video of alpha_canvas.js where WebGL is missing: pixel by pixel, on a plain canvas, half as large where the
 * processor is too slow for all of it.
 */

const BUDGET_MS = 12; // for a picture, of the 40 until the next
const LOOKS = 8; // pictures that are timed
// Coding noise makes 0 and 1 inexact: 2 % at both ends are cut off.
const ALPHA = Uint8ClampedArray.from({ length: 256 }, (_, luma) => Math.round((luma / 255 - 0.02) / 0.96 * 255));
const SEAM = 2; // rows that carry some of the other half's colour

export class AlphaBitmap {
  #shown;
  #packed;
  #picture = null;
  #part = 1;
  #times = [];

  /** @param {HTMLCanvasElement} canvas @throws {Error} where it can draw nothing. */
  constructor(canvas) {
    this.#shown = canvas.getContext('2d');
    this.#packed = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (!this.#shown || !this.#packed) throw new Error('this browser has no canvas');
  }

  /** What it draws by cannot be taken away. */
  get isLost() {
    return false;
  }

  /** Draw the video's present frame; @returns {boolean} false if there is none. */
  draw(video) {
    if (!video.videoWidth) return false;
    const start = performance.now();
    this.#compose(video, Math.round(video.videoWidth * this.#part), Math.round(video.videoHeight * this.#part / 2));
    this.#note(performance.now() - start);
    return true;
  }

  close() {}

  #compose(video, width, height) {
    for (const [$canvas, rows] of [[this.#shown.canvas, height], [this.#packed.canvas, 2 * height]]) {
      if ($canvas.width !== width || $canvas.height !== rows) Object.assign($canvas, { width, height: rows });
    }
    if (this.#picture?.width !== width || this.#picture.height !== height) this.#picture = new ImageData(width, height);
    this.#packed.drawImage(video, 0, 0, width, 2 * height);
    unpack(this.#packed.getImageData(0, 0, width, 2 * height).data, this.#picture);
    this.#shown.putImageData(this.#picture, 0, 0);
  }

  /** The least of some times, as others compute, too. */
  #note(ms) {
    if (this.#part < 1) return;
    this.#times.push(ms);
    if (this.#times.length < LOOKS) return;
    if (Math.min(...this.#times) > BUDGET_MS) this.#part = 0.5;
    this.#times = [];
  }
}

/** Straight colour and alpha, from bytes of premultiplied colour above alpha as luma. */
export function unpack(packed, { data, width, height }) {
  const half = width * height * 4;
  for (let y = 0; y < height; y++) {
    const row = Math.min(Math.max(y, SEAM), height - 1 - SEAM) * width * 4;
    for (let to = y * width * 4, from = row, end = row + width * 4; from < end; to += 4, from += 4) {
      const below = from + half;
      const alpha = ALPHA[(packed[below] * 77 + packed[below + 1] * 150 + packed[below + 2] * 29 + 128) >> 8];
      data[to + 3] = alpha;
      if (alpha === 0) continue; // its colour is not seen
      const times = 255 / alpha;
      data[to] = packed[from] * times; // more than 255 is cut off
      data[to + 1] = packed[from + 1] * times;
      data[to + 2] = packed[from + 2] * times;
    }
  }
}
