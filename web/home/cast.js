/** The characters as pictures to choose from. */

import { asked, request } from '../api.js';
import { node } from '../nodes.js';

const SIDE = 144; // px of a thumbnail, twice what it takes on the page

export class Cast {
  #root;
  #onChoose;
  #shown = '';

  /** @param {HTMLElement} root an empty radio group. @param {(name: string) => void} onChoose */
  constructor(root, onChoose) {
    this.#root = root;
    this.#onChoose = onChoose;
  }

  /** Ask which there are. */
  async list() {
    const { characters } = await request('GET', 'characters');
    this.#root.replaceChildren(...characters.map((name) => this.#thumb(name)));
    this.show(this.#shown);
  }

  /** Mark what the avatar shows; one that is not stored, as from the command line, marks none. */
  show(name) {
    this.#shown = name;
    for (const $radio of this.#root.querySelectorAll('input')) $radio.checked = $radio.value === name;
  }

  #thumb(name) {
    const $radio = node('input', { type: 'radio', name: 'character', value: name });
    $radio.addEventListener('change', () => this.#onChoose(name));
    const $picture = node('img', { alt: '', width: SIDE, height: SIDE });
    picture(name).then((url) => { $picture.src = url; }).catch(() => {}); // its name is there
    return node('label', { className: 'thumb' }, $radio, $picture, node('span', { textContent: name }));
  }
}

/** By request: an address alone would show no key. */
async function picture(name) {
  const response = await asked('GET', `characters/${encodeURIComponent(name)}?size=${SIDE}`);
  return URL.createObjectURL(await response.blob());
}
