/** The first steps: three things to do, each ticked off when it was done, and remembered by this browser. */

const PLACE = 'avatar-rtc-first-minute';
const STEPS = ['spoke', 'felt', 'drew'];

export class FirstMinute {
  #trail;
  #places;
  #done = new Set(read());

  /**
   * @param {HTMLElement} trail a list of buttons, each with its step; `done` hides all.
   * @param {Object<string, HTMLElement>} places step → where it is done: it beckons, and a press on the step leads there.
   */
  constructor(trail, places) {
    this.#trail = trail;
    this.#places = places;
    trail.addEventListener('click', ({ target }) => {
      const { step } = target.closest('button')?.dataset ?? {};
      if (step === 'done') this.did(...STEPS);
      else if (step) this.#lead(places[step]);
    });
    this.#draw();
  }

  /** That was done. @param {...('spoke'|'felt'|'drew')} steps */
  did(...steps) {
    if (steps.every((step) => this.#done.has(step))) return;
    for (const step of steps) this.#done.add(step);
    write([...this.#done]);
    this.#draw();
  }

  #lead($place) {
    $place.scrollIntoView({ block: 'nearest' });
    $place.focus();
  }

  #draw() {
    const next = STEPS.find((step) => !this.#done.has(step));
    for (const step of STEPS) {
      const $button = this.#trail.querySelector(`[data-step=${step}]`);
      $button.classList.toggle('ticked', this.#done.has(step));
      $button.toggleAttribute('aria-current', step === next);
      this.#places[step].classList.toggle('beckons', step === next);
    }
    this.#trail.hidden = !next;
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? [];
  } catch {
    return []; // a sandboxed frame has no storage
  }
}

function write(steps) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(steps));
  } catch {
    // Then it begins anew next time.
  }
}
