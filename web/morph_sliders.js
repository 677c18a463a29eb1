/** Sliders that hold morphs over everything else the avatar does, each until it is let go of. */

import { newestOfEach } from './api.js';
import { control } from './controls.js';
import { MORPHS, title } from './morphs.js';

export class MorphSliders {
  #avatar;
  #complain;
  #held = {}; // morph or cel → value, as the server has it
  #rows = new Map(); // morph → {$row, $dial, $free}
  #count;
  #all;
  #send;

  /**
   * @param {HTMLDetailsElement} root with a <summary>. @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {(error: Error) => void} complain
   */
  constructor(root, avatar, complain) {
    this.#avatar = avatar;
    this.#complain = complain;
    this.#send = newestOfEach(async (changes) => { this.#held = await avatar.patchOverrides(changes); }, complain);
    this.#count = Object.assign(document.createElement('span'), { className: 'count' });
    root.querySelector('summary').append(this.#count);
    this.#all = Object.assign(document.createElement('button'), { type: 'button', className: 'tool all', textContent: 'Let go of all' });
    this.#all.addEventListener('click', () => this.#letGoOfAll());
    const $groups = Object.entries(MORPHS).map(([name, morphs]) => this.#group(name, morphs));
    root.append(...$groups, this.#all);
    this.#draw();
  }

  /** Show what is held, unless a change of this page is under way: then the answer to it is newer. */
  set overrides(overrides) {
    if (this.#send.isBusy) return;
    this.#held = overrides;
    this.#draw();
  }

  #group(name, morphs) {
    const $group = Object.assign(document.createElement('fieldset'), { className: 'dials' });
    $group.append(Object.assign(document.createElement('legend'), { textContent: name }));
    $group.append(...morphs.map((morph) => this.#row(morph)));
    return $group;
  }

  #row({ name, ...range }) {
    const $row = Object.assign(document.createElement('div'), { className: 'held' });
    $row.dataset.morph = name;
    const $dial = control(title(name), { type: 'number', ...range, description: name }, 0, (value) => {
      this.#show(name, value);
      this.#change({ [name]: value });
    });
    const $free = Object.assign(document.createElement('button'), { type: 'button', className: 'tool', textContent: '×' });
    $free.setAttribute('aria-label', `Let go of ${title(name)}`);
    $free.addEventListener('click', () => {
      $dial.querySelector('input').focus(); // the button is gone with what it lets go of
      this.#show(name, undefined);
      this.#change({ [name]: null });
    });
    $row.append($dial, $free);
    this.#rows.set(name, { $row, $dial, $free });
    return $row;
  }

  async #change(changes) {
    await this.#send(changes);
    this.#draw();
  }

  async #letGoOfAll() {
    try {
      this.overrides = await this.#avatar.setOverrides({});
    } catch (error) {
      this.#complain(error);
    }
  }

  #draw() {
    if (this.#send.isBusy) return;
    for (const name of this.#rows.keys()) this.#show(name, this.#held[name]);
    const count = Object.keys(this.#held).length;
    this.#count.textContent = count ? `${count} held` : '';
    this.#all.disabled = !count;
  }

  #show(name, value) {
    const { $row, $dial, $free } = this.#rows.get(name);
    $dial.show(value ?? 0);
    $row.classList.toggle('free', value === undefined);
    $free.disabled = value === undefined;
  }
}
