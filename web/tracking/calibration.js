/** Finds what a person's face is like at rest: the middle of each measure over a second in which the head is still. */

const LASTS_S = 1;
const LEAST_LOOKS = 3; // a slow tracker sees no more of it in a second
const STILL_DEGREES = 4; // from the least to the greatest angle
const STEADY = 0.5; // of an eye's opening, from the least to the greatest: a blink is no rest
const GIVE_UP_S = 8; // then the stillest that was seen will do

export class Calibration {
  #looks = []; // [t, measures]
  #begun = null;

  /**
   * Look at one more face.
   * @param {import('./measures.js').Measures} measures @param {number} t s, grows.
   * @returns {?import('./measures.js').Measures} the rest, once it is known.
   */
  add(measures, t) {
    this.#begun ??= t;
    this.#looks.push([t, measures]);
    const isWhole = t - this.#looks[0][0] >= LASTS_S && this.#looks.length >= LEAST_LOOKS;
    if (!isWhole) return null;
    if (this.#isCalm() || t - this.#begun >= GIVE_UP_S) return this.#rest();
    while (this.#looks.length && t - this.#looks[0][0] >= LASTS_S) this.#looks.shift();
    return null;
  }

  #isCalm() {
    const still = ['yaw', 'pitch', 'roll'].every((name) => this.#range(name) <= STILL_DEGREES);
    return still && ['eyeLeft', 'eyeRight'].every((name) => this.#range(name) <= STEADY * Math.max(...this.#values(name)));
  }

  #rest() {
    return Object.fromEntries(Object.keys(this.#looks[0][1]).map((name) => [name, median(this.#values(name))]));
  }

  #values(name) { return this.#looks.map(([, measures]) => measures[name]); }

  #range(name) { return Math.max(...this.#values(name)) - Math.min(...this.#values(name)); }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
