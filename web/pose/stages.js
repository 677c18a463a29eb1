/** The strip of pictures on the way to the finished one. It asks for them while it is open, and the newest face wins. */

import { newest, request } from '../api.js';
import { node } from '../nodes.js';
import { PosePicture } from './pictures.js';

export class StageStrip {
  #root;
  #path;
  #complain;
  #choose;
  #stages = []; // {name, picture}
  #list;
  #animator = '';
  #wanted = null; // [face, how] not shown yet
  #fill;

  /**
   * @param {HTMLDetailsElement} root @param {string} path the avatar's.
   * @param {(stage: string) => void} choose @param {(error: Error) => void} complain
   */
  constructor(root, path, choose, complain) {
    this.#root = root;
    this.#path = path;
    this.#choose = choose;
    this.#complain = complain;
    this.#list = node('div', { className: 'strip' });
    this.#list.setAttribute('role', 'radiogroup');
    this.#list.setAttribute('aria-label', 'Shown as the result');
    root.append(this.#list);
    this.#fill = newest((face, how) => this.#show(face, how), complain);
    root.addEventListener('toggle', () => this.#go());
  }

  /** The animator has become known, or another one. */
  async know(animator) {
    if (animator === this.#animator) return;
    this.#animator = animator;
    const { stages } = await request('GET', `${this.#path}/poses`);
    this.#stages = [];
    this.#list.replaceChildren(...stages.map((stage) => this.#option(stage)));
    this.#root.dataset.stages = stages.length;
    this.#go();
  }

  /** Show the steps to a face, if the strip is open. */
  show(face, how) {
    this.#wanted = [face, how];
    this.#go();
  }

  #go() {
    if (!this.#root.open || !this.#wanted) return;
    const wanted = this.#wanted;
    this.#wanted = null;
    this.#fill(...wanted);
  }

  async #show(face, how) {
    for (const { name, picture } of this.#stages) {
      if (this.#wanted) return; // a newer one waits
      await picture.show(face, { framing: how.framing, stage: name, size: 192 });
    }
  }

  #option({ name, means }) {
    const $image = node('img', { alt: '', width: 96, height: 96 });
    const $radio = node('input', { type: 'radio', name: 'stage', value: name, checked: name === 'result' });
    $radio.addEventListener('change', () => this.#choose(name));
    const $option = node('label', { className: 'step', title: means }, $radio, $image, node('span', { textContent: name }));
    this.#stages.push({ name, picture: new PosePicture($image, this.#path, this.#complain) });
    return $option;
  }
}
