/** Two chains, of which one is shown: what one would compare is a key apart. */

import { same } from './chain_list.js';

export class TwoChains {
  #root;
  #copy;
  #onTake;
  #announce;
  #chains = { A: [], B: null }; // null: not another one yet
  #which = 'A';

  /** @param {HTMLElement} root with radio buttons of the values A and B. @param {HTMLElement} copy a button. */
  constructor(root, copy, onTake, announce) {
    this.#root = root;
    this.#copy = copy;
    this.#onTake = onTake;
    this.#announce = announce;
    root.addEventListener('change', ({ target }) => this.#show(target.value));
    copy.addEventListener('click', () => {
      this.#chains[this.#other] = structuredClone(this.#chains[this.#which]);
      announce(`${this.#other} is the same as ${this.#which} now.`);
      this.#draw();
    });
    this.#draw();
  }

  /** The chain that is shown, whoever has changed it. */
  set current(chain) {
    this.#chains[this.#which] = structuredClone(chain);
    this.#draw();
  }

  /** Show the other one. */
  change() {
    this.#show(this.#other);
  }

  get #other() { return this.#which === 'A' ? 'B' : 'A'; }

  #show(which) {
    if (which === this.#which) return;
    const before = this.#chains[this.#which];
    this.#which = which;
    this.#chains[which] ??= structuredClone(before);
    this.#draw();
    this.#onTake(structuredClone(this.#chains[which]));
    this.#announce(`Chain ${which} is shown.`);
  }

  #draw() {
    for (const $radio of this.#root.querySelectorAll('input')) $radio.checked = $radio.value === this.#which;
    const { A, B } = this.#chains;
    this.#copy.textContent = `Copy to ${this.#other}`;
    this.#copy.disabled = B === null || same(A, B);
  }
}
