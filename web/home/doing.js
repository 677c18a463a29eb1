/** What the avatar is doing, as a word on the stage, and to screen readers once it lasts. */

const LASTS_MS = 700; // what is over by then is not read out
const TOLD = { listening: 'it listens', thinking: 'it thinks' }; // that it speaks, the line to speak tells

export class Doing {
  #node;
  #announce;
  #timer = 0;

  /** @param {HTMLElement} $node for the word. @param {HTMLElement} avatar @param {(text: string) => void} announce */
  constructor($node, avatar, announce) {
    this.#node = $node;
    this.#announce = announce;
    const show = () => this.#show(avatar.state === 'live' ? avatar.activity : '');
    for (const type of ['avatarstate', 'speech', 'statechange']) avatar.addEventListener(type, show);
    show();
  }

  #show(activity) {
    if (activity === this.#node.dataset.activity) return;
    this.#node.dataset.activity = this.#node.textContent = activity;
    clearTimeout(this.#timer);
    if (activity in TOLD) this.#timer = setTimeout(() => this.#announce(TOLD[activity]), LASTS_MS);
  }
}
