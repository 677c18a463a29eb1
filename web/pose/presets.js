/** Lists of faces to begin from. Each kind of list says what it holds; emotions are one, what files brought another. */

import { request } from '../api.js';
import { node } from '../nodes.js';
import { faceOf } from './face.js';

const CUSTOM = 'custom';

/** The avatar's emotions, as a kind of list. @returns {{title: string, load: () => Promise<Object>}} name → template. */
export function emotionList(path) {
  return { title: 'Emotions', load: async () => (await request('GET', `${path}/emotions`)).emotions };
}

/** Faces that files brought, as a kind of list; `add` takes more of them. */
export function fileList() {
  let held = {};
  return { title: 'From files', load: async () => held, add: (faces) => { held = { ...held, ...faces }; } };
}

export class Presets {
  #select;
  #strength;
  #kinds;
  #faces = new Map(); // value of the option → template
  #isPicked = false;

  /**
   * @param {HTMLSelectElement} select @param {HTMLInputElement} strength 0..1, a slider.
   * @param {Array} kinds of lists, each {title, load}. @param {(face: object, gesture: ?string) => void} onFace
   */
  constructor(select, strength, kinds, onFace) {
    this.#select = select;
    this.#strength = strength;
    this.#kinds = kinds;
    const give = (gesture) => {
      this.#isPicked = true;
      const template = this.#faces.get(select.value);
      if (template) onFace(faceOf(template, strength.valueAsNumber), gesture);
      this.#isPicked = false;
    };
    select.addEventListener('change', () => give(null));
    strength.addEventListener('input', () => give('strength'));
  }

  /** Name → template of all lists. */
  get all() { return Object.fromEntries([...this.#faces].map(([value, template]) => [value.replace(/^\d+:/, ''), template])); }

  /** The name that is chosen, '' for a face of one's own. */
  get chosen() { return this.#select.value === CUSTOM || this.#select.value === 'rest' ? '' : this.#select.value.replace(/^\d+:/, ''); }

  /** Read all lists anew. @param {string[]} saved names that were saved into the character. */
  async load(saved = []) {
    const lists = await Promise.all(this.#kinds.map(({ load }) => load()));
    const chosen = this.#select.value;
    this.#faces = new Map([['rest', {}]]);
    const $groups = lists.map((list, place) => {
      const $group = node('optgroup', { label: this.#kinds[place].title });
      for (const [name, template] of Object.entries(list)) {
        this.#faces.set(`${place}:${name}`, template);
        $group.append(new Option(saved.includes(name) ? `${name} (saved)` : name, `${place}:${name}`));
      }
      return $group;
    });
    this.#select.replaceChildren(new Option('Face of your own', CUSTOM), new Option('At rest', 'rest'), ...$groups.filter(($group) => $group.childElementCount));
    this.#select.value = this.#faces.has(chosen) ? chosen : CUSTOM;
    if (!this.#select.value) this.#select.value = CUSTOM;
  }

  /** Choose one, as if by hand. */
  pick(name) {
    const value = [...this.#faces.keys()].findLast((each) => each === name || each.replace(/^\d+:/, '') === name);
    if (value === undefined) return;
    this.#select.value = value;
    this.#select.dispatchEvent(new Event('change'));
  }

  /** The face was changed by something else. */
  leave() {
    if (!this.#isPicked) this.#select.value = CUSTOM;
  }
}
