/**
 * What stands behind the avatar. A picture or a colour is the avatar's own backdrop: everybody has it, calls, players
 * and files, too. "Scene" and "Transparent" are of this page alone.
 */

import { newest, request } from '../api.js';
import { node } from '../nodes.js';

const HERE = ['scene', 'checker'];
const WHERE = {
  scene: 'Drawn by this page alone; in calls and files there is the backdrop set last.',
  checker: 'How it looks without anything behind it, as in OBS.',
  colour: 'Everywhere: in calls, players and files as well.',
};

export class Background {
  #stage;
  #behind; // shows a picture
  #menu;
  #colour;
  #set;
  #urls = new Map(); // name of a picture → its address
  #told = ''; // the server's, as text: it is shown when it changes

  /**
   * @param {HTMLDetailsElement} menu with the radio buttons, the colour and a line that tells where it counts.
   * @param {HTMLElement} avatar an <avatar-rtc>. @param {{stage: HTMLElement, complain: (error: Error) => void}} around
   */
  constructor(menu, avatar, { stage, complain }) {
    this.#menu = menu;
    this.#stage = stage;
    this.#behind = stage.querySelector('.behind');
    this.#colour = menu.querySelector('[type=color]');
    this.#set = newest((backdrop) => avatar.setBackdrop(backdrop), complain);
    menu.addEventListener('input', ({ target }) => this.#choose(target.type === 'color' ? 'colour' : target.value));
    this.#mark('scene');
  }

  /** Ask which pictures there are. */
  async list() {
    const { backdrops } = await request('GET', 'backdrops');
    const $list = this.#menu.querySelector('.thumbs');
    for (const { name, url, thumbnail } of backdrops) {
      this.#urls.set(name, new URL(`.${url}`, document.baseURI).href);
      const src = new URL(`.${thumbnail}`, document.baseURI).href;
      const $radio = node('input', { type: 'radio', name: 'backdrop', value: `picture ${name}` });
      const $picture = node('img', { src, alt: '', loading: 'lazy' });
      $list.append(node('label', { className: 'thumb' }, $radio, $picture, node('span', { textContent: name })));
    }
    if (this.#told) this.#draw(JSON.parse(this.#told));
  }

  /** Show the avatar's backdrop if it is another than before: somebody has chosen it. */
  show(backdrop) {
    const told = JSON.stringify(backdrop);
    if (told === this.#told || this.#set.isBusy) return;
    const isFirst = !this.#told;
    this.#told = told;
    const isPlain = backdrop.name === null;
    if (isFirst && isPlain) return; // nobody has chosen anything yet
    this.#mark(isPlain ? 'colour' : `picture ${backdrop.name}`);
    this.#draw(backdrop);
  }

  #choose(value) {
    this.#mark(value);
    if (HERE.includes(value)) {
      this.#stage.dataset.backdrop = value;
      return;
    }
    const name = value === 'colour' ? null : value.slice('picture '.length);
    const before = this.#told ? JSON.parse(this.#told) : {};
    const backdrop = { ...before, name, ...(name === null && { colour: this.#colour.value }) };
    this.#told = JSON.stringify(backdrop);
    this.#draw(backdrop);
    this.#set(backdrop);
  }

  #draw({ name, colour, fit, blur }) {
    const { style } = this.#behind;
    style.background = name === null ? colour : `${colour} url("${this.#urls.get(name) ?? ''}") center / ${fit ?? 'cover'} no-repeat`;
    // Blur is told for a picture 512 px high.
    style.filter = name !== null && blur ? `blur(${(blur * this.#stage.clientHeight) / 512}px)` : '';
    if (name === null) this.#colour.value = colour;
    this.#stage.dataset.backdrop = 'own';
  }

  #mark(value) {
    for (const $radio of this.#menu.querySelectorAll('[type=radio]')) $radio.checked = $radio.value === value;
    this.#colour.parentElement.hidden = value !== 'colour';
    this.#menu.querySelector('.where').textContent = WHERE[value] ?? WHERE.colour;
  }
}
