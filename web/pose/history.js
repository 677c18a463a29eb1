/** What was, and may be again: steps to undo and to redo. A gesture such as a drag is one step, however many values it passes. */

export class History {
  #past = [];
  #future = [];
  #now;
  #most;
  #gesture = null;

  /** @param {*} now the first value. @param {number} most steps that are remembered. */
  constructor(now, most = 200) {
    this.#now = now;
    this.#most = most;
  }

  get now() { return this.#now; }
  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }

  /** Go on to another value. @param {?string} gesture what makes it: until `end`, values of one gesture are one step. */
  put(value, gesture = null) {
    if (gesture === null || gesture !== this.#gesture) {
      this.#past.push(this.#now);
      if (this.#past.length > this.#most) this.#past.shift();
    }
    this.#gesture = gesture;
    this.#future = [];
    this.#now = value;
  }

  /** The gesture is over: the next value is a step of its own. */
  end() { this.#gesture = null; }

  /** @returns {*} the value before, or the present one if there is none. */
  undo() { return this.#step(this.#past, this.#future); }

  /** @returns {*} the value that was undone last, or the present one. */
  redo() { return this.#step(this.#future, this.#past); }

  #step(from, to) {
    this.end();
    if (from.length) {
      to.push(this.#now);
      this.#now = from.pop();
    }
    return this.#now;
  }
}
