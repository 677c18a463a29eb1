/** Sends poses no oftener than the channel takes them, and one that has not changed only to hold it. */

const MOST_HZ = 60;
const HOLD_MS = 200; // half a second after the last one the avatar would live by itself
const EARLY_MS = 1; // a clock's step too soon is in time

export class PoseSender {
  #send;
  #last = '';
  #lastMs = -Infinity;
  #dueMs = -Infinity; // the next one, at the earliest

  /** @param {(pose: object, tMs: number) => boolean} send tells whether it was sent. */
  constructor(send) {
    this.#send = send;
  }

  /** @param {object} pose as sendPose takes it. @param {number} tMs grows. @returns {boolean} whether it was sent. */
  offer(pose, tMs) {
    const text = JSON.stringify(pose);
    if (tMs < this.#dueMs - EARLY_MS || (text === this.#last && tMs - this.#lastMs < HOLD_MS)) return false;
    if (!this.#send(pose, tMs)) return false;
    this.#last = text;
    this.#lastMs = tMs;
    this.#dueMs = Math.max(this.#dueMs, tMs - EARLY_MS) + 1_000 / MOST_HZ;
    return true;
  }
}
