/** How the page /track.html drives: kept by this browser, for the next time. */

const PLACE = 'avatar-rtc-tracking';
const USUAL = { mirror: true, smoothing: 0.5, head: 1, eyes: 1, mouth: 1 };

export class TrackSettings {
  #values = { ...USUAL, ...kept() };

  get mirror() { return this.#values.mirror; }
  set mirror(value) { this.#keep({ mirror: value }); }
  /** 0..1 */
  get smoothing() { return this.#values.smoothing; }
  set smoothing(value) { this.#keep({ smoothing: value }); }
  /** Strengths: 0..2, 1 is as it is seen. */
  get head() { return this.#values.head; }
  set head(value) { this.#keep({ head: value }); }
  get eyes() { return this.#values.eyes; }
  set eyes(value) { this.#keep({ eyes: value }); }
  get mouth() { return this.#values.mouth; }
  set mouth(value) { this.#keep({ mouth: value }); }

  reset() { this.#keep(USUAL); }

  #keep(changes) {
    Object.assign(this.#values, changes);
    try {
      localStorage.setItem(PLACE, JSON.stringify(this.#values));
    } catch {
      // A browser that keeps nothing begins anew the next time.
    }
  }
}

/** What was kept, as far as it is of the right kind. */
function kept() {
  try {
    const values = JSON.parse(localStorage.getItem(PLACE)) ?? {};
    return Object.fromEntries(Object.entries(USUAL).filter(([name, usual]) => typeof values[name] === typeof usual)
      .map(([name]) => [name, values[name]]));
  } catch {
    return {};
  }
}
