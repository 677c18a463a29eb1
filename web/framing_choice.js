/** The choice of framing on the stage: face, bust or whole. */

import { newest } from './api.js';

const KEYS = { Digit8: 'face', Digit9: 'bust', Digit0: 'whole' }; // beside those of the emotions

export class FramingChoice {
  #radios;
  #shown = '';
  #set;

  /**
   * @param {HTMLFieldSetElement} root holds a radio button for each word.
   * @param {(name: string) => Promise} set
   * @param {{complain: (error: Error) => void, announce: (text: string) => void, hasShortcuts: () => boolean}} around
   */
  constructor(root, set, { complain, announce, hasShortcuts }) {
    this.#radios = [...root.querySelectorAll('[type=radio]')];
    this.#set = newest(async (name) => {
      await set(name);
      this.#shown = name;
      announce(name);
    }, complain);
    root.addEventListener('change', ({ target }) => this.#choose(target.value));
    document.addEventListener('keydown', (event) => {
      const isText = event.target.closest?.('input:not([type=range], [type=radio]), select, textarea, [contenteditable]');
      if (!hasShortcuts() || isText || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) return;
      if (event.code in KEYS) this.#choose(KEYS[event.code]);
    });
  }

  /** Mark what the server says is shown; none of them where that follows from edges. */
  show(name) {
    if (this.#set.isBusy) return;
    this.#shown = name;
    this.#draw(name);
  }

  async #choose(name) {
    this.#draw(name);
    await this.#set(name);
    if (!this.#set.isBusy) this.#draw(this.#shown); // what was refused goes back to what is
  }

  #draw(name) {
    for (const $radio of this.#radios) $radio.checked = $radio.value === name;
  }
}
