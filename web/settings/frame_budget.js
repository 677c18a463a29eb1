/** What a frame takes, by stage, of the time that it has. */

import { node } from '../nodes.js';

export class FrameBudget {
  #root;

  /** @param {HTMLElement} root with a <meter>, a text and a <dl>. */
  constructor(root) {
    this.#root = root;
  }

  /** @param {{stage_ms: Object<string, number>, frame_ms: number}} state what the server says of the avatar. */
  set state({ stage_ms: stages, frame_ms: most }) {
    const entries = Object.entries(stages);
    this.#root.hidden = !entries.length;
    if (!entries.length) return;
    const total = entries.reduce((sum, [, ms]) => sum + ms, 0);
    const $meter = this.#root.querySelector('meter');
    Object.assign($meter, { max: Math.max(most, total), high: most * 0.9, optimum: 0, value: total });
    this.#root.classList.toggle('over', total > most);
    const also = total > most ? ': it stutters' : '';
    this.#root.querySelector('span').textContent = `${total.toFixed(1)} of ${most.toFixed(1)} ms a frame${also}`;
    const rows = entries.map(([stage, ms]) => node(
      'div', {}, node('dt', { textContent: stage.replace(/^chain (\d+) /, (_, place) => `${Number(place) + 1}. `).replaceAll('_', ' ') }), node('dd', { textContent: ms.toFixed(1) }),
    ));
    this.#root.querySelector('dl').replaceChildren(...rows);
  }
}
