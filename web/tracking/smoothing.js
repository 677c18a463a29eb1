/**
 * Takes the trembling out of what a tracker sees, without making it late: the one-euro filter (Casiez, Roussel, Vogel,
 * CHI 2012). What hardly moves is smoothed much, what moves fast hardly at all.
 */

const SPEED_HZ = 1; // how fast the estimate of speed may change
const BETA = 1.5; // Hz more for each unit a second
const STRONGEST_HZ = 0.5; // at 1
const WEAKEST_HZ = 8; // at 0
const QUICK = 3; // eyelids: a blink is over in a tenth of a second
const HEAD_UNIT = 15; // degrees that count as much as a shape from 0 to 1

/** The share of a new value that is taken, for a low-pass of `hz` and a step of `dt` s. */
function taken(hz, dt) {
  return 1 / (1 + 1 / (2 * Math.PI * hz * dt));
}

/** One value, smoothed. */
class OneEuro {
  #value = null;
  #speed = 0;
  #t = 0;

  /** @param {number} value @param {number} t s, grows. @param {number} leastHz of a value at rest. @returns {number} */
  next(value, t, leastHz) {
    const dt = t - this.#t;
    if (this.#value !== null && dt <= 0) return this.#value;
    this.#t = t;
    if (this.#value === null) return (this.#value = value);
    this.#speed += taken(SPEED_HZ, dt) * ((value - this.#value) / dt - this.#speed);
    this.#value += taken(leastHz + BETA * Math.abs(this.#speed), dt) * (value - this.#value);
    return this.#value;
  }
}

/** A pose of blendshapes and head, each value smoothed. */
export class PoseSmoothing {
  #filters = new Map();

  /**
   * @param {{blendshapes: Object<string, number>, head: number[]}} pose always with the same shapes.
   * @param {number} t s @param {number} strength 0..1
   */
  next({ blendshapes, head }, t, strength) {
    const leastHz = WEAKEST_HZ * (STRONGEST_HZ / WEAKEST_HZ) ** strength;
    const smooth = (name, value) => {
      if (!this.#filters.has(name)) this.#filters.set(name, new OneEuro());
      return this.#filters.get(name).next(value, t, name.startsWith('eyeBlink') ? QUICK * leastHz : leastHz);
    };
    return {
      blendshapes: Object.fromEntries(Object.entries(blendshapes).map(([name, value]) => [name, smooth(name, value)])),
      head: head.map((degrees, n) => HEAD_UNIT * smooth(`head ${n}`, degrees / HEAD_UNIT)),
    };
  }

  /** Forget what was: the next pose is taken as it is. */
  clear() { this.#filters.clear(); }
}

/**
 * A pose on its way to another: what a tracker sees thirty times a second becomes sixty poses.
 * @param {?{blendshapes: Object<string, number>, head: number[]}} from null jumps. @param {number} part 0..1 of the way.
 */
export function toward(from, to, part) {
  if (!from) return to;
  const step = (a, b) => a + part * (b - a);
  return {
    blendshapes: Object.fromEntries(Object.entries(to.blendshapes)
      .map(([name, value]) => [name, step(from.blendshapes[name] ?? 0, value)])),
    head: to.head.map((degrees, n) => step(from.head[n], degrees)),
  };
}
