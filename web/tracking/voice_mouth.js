/** How far a mouth is open for a voice that is heard: by its level above the room's own noise. */

const LOWEST_FLOOR_DB = -65;
const HIGHEST_FLOOR_DB = -38;
const FLOOR_RISE_DB_S = 3; // the room grows louder slowly, a voice does not
const ABOVE_DB = 8; // over the floor the mouth begins to open
const FULL_DB = 30; // … and is open
const OPENS_S = 0.03;
const SHUTS_S = 0.09;

export class VoiceMouth {
  #floor = LOWEST_FLOOR_DB;
  #open = 0;

  /** @param {number} db of microphone.js. @param {number} dt s since the last one. @returns {number} how far open, 0..1 */
  next(db, dt) {
    const room = Math.max(LOWEST_FLOOR_DB, Math.min(HIGHEST_FLOOR_DB, db));
    this.#floor = Math.min(room, this.#floor + FLOOR_RISE_DB_S * dt);
    const wanted = Math.max(0, Math.min(1, (db - this.#floor - ABOVE_DB) / (FULL_DB - ABOVE_DB)));
    this.#open += (1 - Math.exp(-dt / (wanted > this.#open ? OPENS_S : SHUTS_S))) * (wanted - this.#open);
    return this.#open;
  }
}
