/** Two faces beside each other: their pictures, the difference of these, and the values that differ. */

import { newest } from '../api.js';
import { title } from '../morphs.js';
import { node } from '../nodes.js';
import { differences, faceOf } from './face.js';
import { PosePicture } from './pictures.js';

const NOW = 'now';

export class Comparison {
  #root;
  #selects;
  #pictures;
  #images; // of A and B, then A again below B: the difference
  #table;
  #presets;
  #face = {};
  #how = {};
  #draw;

  /** @param {HTMLDetailsElement} root @param {string} path @param {import('./presets.js').Presets} presets @param {Function} complain */
  constructor(root, path, presets, complain) {
    this.#root = root;
    this.#presets = presets;
    this.#selects = [...root.querySelectorAll('select')];
    const $images = [...root.querySelectorAll('img')];
    this.#pictures = $images.slice(0, 2).map(($image) => new PosePicture($image, path, complain));
    this.#images = $images;
    this.#table = root.querySelector('tbody');
    this.#draw = newest(() => this.#show(), complain);
    for (const $select of this.#selects) $select.addEventListener('change', () => this.#draw());
    root.addEventListener('toggle', () => this.#open());
  }

  /** The face of the sliders and how it is pictured. */
  show(face, how) {
    this.#face = face;
    this.#how = how;
    if (this.#root.open && this.#selects.some(($select) => $select.value === NOW)) this.#draw();
  }

  /** There are other presets. */
  refill() {
    for (const [place, $select] of this.#selects.entries()) {
      const chosen = $select.value || (place ? 'neutral' : NOW);
      const names = Object.keys(this.#presets.all);
      $select.replaceChildren(new Option('the sliders', NOW), ...names.map((name) => new Option(name === 'rest' ? 'at rest' : name, name)));
      $select.value = chosen === NOW || names.includes(chosen) ? chosen : NOW;
    }
  }

  #open() {
    if (this.#root.open) this.#draw();
  }

  async #show() {
    if (!this.#root.open) return;
    const [a, b] = this.#selects.map(({ value }) => (value === NOW ? this.#face : faceOf(this.#presets.all[value] ?? {})));
    const how = { framing: this.#how.framing, size: 384 };
    const found = differences(a, b);
    this.#table.replaceChildren(...found.map(([name, one, other]) => node(
      'tr', {}, node('th', { scope: 'row', textContent: title(name), title: name }),
      ...[one, other, other - one].map((value) => node('td', { textContent: value.toFixed(2) })),
    )));
    this.#root.querySelector('.hint').textContent = found.length ? `${found.length} values differ` : 'No value differs.';
    await Promise.all(this.#pictures.map((picture, place) => picture.show([a, b][place], how)));
    const [$a, $b, $below, $above] = this.#images;
    [$below.src, $above.src] = [$a.src, $b.src];
  }
}
