/** The gestures as buttons in a row: a press plays one, and each shows how long it lasts, whoever asked for it. */

import { node } from '../nodes.js';

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export class GestureRow {
  #root;
  #play;
  #buttons = new Map(); // name → button
  #playing = new Map(); // name → Animation

  /** @param {HTMLElement} root an empty toolbar. @param {(name: string) => void} play */
  constructor(root, play) {
    this.#root = root;
    this.#play = play;
    root.addEventListener('click', ({ target }) => {
      const { gesture } = target.closest('button')?.dataset ?? {};
      if (!gesture) return;
      this.#rove(target.closest('button'));
      this.#play(gesture);
    });
    root.addEventListener('keydown', (event) => this.#onArrow(event));
  }

  /** @param {string[]} names of those that the avatar has. */
  list(names) {
    if (names.join() === [...this.#buttons.keys()].join()) return;
    const focused = document.activeElement?.dataset.gesture;
    this.#buttons = new Map(names.map((name) => [name, button(name)]));
    this.#root.replaceChildren(...this.#buttons.values());
    this.#rove(this.#buttons.get(focused) ?? this.#root.firstElementChild);
    this.#buttons.get(focused)?.focus();
  }

  /** It begins now, and lasts so long. */
  start(name, seconds) {
    const $bar = this.#buttons.get(name)?.firstElementChild;
    this.#playing.get(name)?.cancel();
    if (!$bar) return;
    const begin = matchMedia('(prefers-reduced-motion: reduce)').matches ? '1 1' : '0 1';
    const frames = [{ scale: begin, opacity: 1 }, { scale: '1 1', opacity: 1 }];
    this.#playing.set(name, $bar.animate(frames, { duration: seconds * 1_000 }));
  }

  #onArrow(event) {
    const $all = [...this.#buttons.values()];
    const at = $all.indexOf(event.target.closest('button'));
    const to = { Home: 0, End: $all.length - 1 }[event.key] ?? at + STEPS[event.key];
    if (!(to >= 0 && to < $all.length)) return;
    event.preventDefault();
    this.#rove($all[to]);
    $all[to].focus();
  }

  /** One tab stop for the whole row. */
  #rove($stop) {
    for (const $button of this.#buttons.values()) $button.tabIndex = $button === $stop ? 0 : -1;
  }
}

function button(name) {
  const $button = node('button', { type: 'button', className: 'tool gesture' }, node('i'), name.replaceAll('_', ' '));
  $button.dataset.gesture = name;
  return $button;
}
