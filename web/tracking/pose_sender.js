/** Sends poses no oftener than the channel takes them, and one that has not changed only to hold it. */

const MOST_HZ = 60;
const HOLD_MS = 200; // half a second after the last one the avatar would live by itself
const EARLY_MS = 1; // a clock's step too soon is in time

export class PoseSender {
  #send;
  #last = '';
  #lastMs = -Infinity;

  /** @param {(pose: object, tMs: number) => boolean} send tells whether it was sent. */
  constructor(send) {
    this.#send = send;
  }

  /** @param {object} pose as sendPose takes it. @param {number} tMs grows. @returns {boolean} whether it was sent. */
  offer(pose, tMs) {
    const since = tMs - this.#lastMs;
    const text = JSON.stringify(pose);
    if (since < 1_000 / MOST_HZ - EARLY_MS || (text === this.#last && since < HOLD_MS)) return false;
    if (!this.#send(pose, tMs)) return false;
    this.#last = text;
    this.#lastMs = tMs;
    return true;
  }
}
