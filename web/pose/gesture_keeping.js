/** Where gestures come from and go to: the avatar, its character, files. */

import { request } from '../api.js';
import { save } from './keeping.js';
import { gesturesIn } from './gesture.js';

const PREVIEW = 'gesture_preview'; // of the avatar's own, while it is being played

export class KeptGestures {
  #path;
  #character = '';
  #saved = {};
  #told = { gestures: {}, titles: {}, own: [] };
  #opened = {};

  /** @param {string} path the avatar's. */
  constructor(path) {
    this.#path = path;
  }

  set character(name) { this.#character = name; }

  /** Read anew what there is. @returns {Promise<Object>} list → {name: label}. */
  async load() {
    const stored = this.#character && request('GET', this.#at('saved')).catch((error) => (error.status === 404 || error.status === 403 ? {} : Promise.reject(error)));
    const [told, saved] = await Promise.all([request('GET', `${this.#path}/gestures`), stored || {}]);
    this.#told = told;
    this.#saved = saved.gestures ?? {};
    const shown = (names) => Object.fromEntries(names.map((name) => [name, this.label(name)]));
    const all = Object.keys(told.gestures).filter((name) => name !== PREVIEW);
    return {
      Gestures: shown(all.filter((name) => !told.own.includes(name))),
      "This avatar's own": shown(all.filter((name) => told.own.includes(name))),
      'From files': shown(Object.keys(this.#opened).filter((name) => !told.gestures[name])),
    };
  }

  /** What a gesture is called in a list. */
  label(name) {
    const words = this.#told.titles[name] ?? name.replaceAll('_', ' ');
    return name in this.#saved ? `${words} (saved)` : words;
  }

  /** @returns {Object} the tracks of a gesture; those that a file brought go first. */
  tracks(name) { return (this.#opened[name] ?? this.#told.gestures[name])?.tracks ?? {}; }

  /** Whether it is another one than it came as. */
  isChanged(name) { return name in this.#saved || this.#told.own.includes(name); }

  /** Play one: by its name, or what is being edited. @returns {Promise<number>} seconds it takes. */
  async play(name, tracks, strength, isEdited) {
    if (!isEdited && name in this.#told.gestures) return (await request('POST', `${this.#path}/gesture`, { name, strength })).seconds;
    await this.#putOwn({ ...this.#own(), [PREVIEW]: { tracks } });
    try {
      return (await request('POST', `${this.#path}/gesture`, { name: PREVIEW, strength })).seconds;
    } finally {
      await this.#putOwn(this.#own()); // it goes on: it brought along what it does
    }
  }

  /** Let the avatar have it while it lives. */
  async give(name, tracks) {
    delete this.#opened[name];
    await this.#putOwn({ ...this.#own(), [name]: { tracks } });
  }

  /** Save it into the character for good, and let the avatar have it. */
  async keep(name, tracks) {
    delete this.#opened[name];
    await request('PUT', this.#at(`saved/gestures/${encodeURIComponent(name)}`), { tracks });
    await this.#renew();
  }

  /** As it came. */
  async reset(name) {
    delete this.#opened[name];
    const { [name]: gone, ...left } = this.#own();
    if (gone) await this.#putOwn(left);
    if (name in this.#saved) {
      await request('DELETE', this.#at(`saved/gestures/${encodeURIComponent(name)}`));
      await this.#renew();
    }
  }

  /** Take the gestures of files. @returns {Promise<string[]>} their names. */
  async open(files) {
    const found = {};
    for (const file of files) Object.assign(found, gesturesIn(await file.text(), file.name.replace(/\.json$/i, '')));
    this.#opened = { ...this.#opened, ...found };
    return Object.keys(found);
  }

  #own() {
    const { gestures, titles, own } = this.#told;
    const all = own.filter((name) => name !== PREVIEW).map((name) => [name, { ...gestures[name], title: titles[name] ?? '' }]);
    return Object.fromEntries(all);
  }

  #putOwn(gestures) { return request('PUT', `${this.#path}/gestures`, { gestures }); }
  #renew() { return request('PATCH', this.#path, { character: this.#character }); }
  #at(rest) { return `characters/${encodeURIComponent(this.#character)}/${rest}`; }
}

/** Download a gesture as JSON. */
export function saveGesture(name, tracks) {
  const lines = Object.entries(tracks).map(([moved, keys]) => `    ${JSON.stringify(moved)}: ${JSON.stringify(keys)}`);
  save(new Blob([`{\n  "tracks": {\n${lines.join(',\n')}\n  }\n}\n`], { type: 'application/json' }), `${name}.json`);
}
