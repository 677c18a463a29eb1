/** All settings of an avatar's animator that are a number, a switch or a choice, built from the server's declaration. */

import { newestOfEach } from './api.js';
import { control } from './controls.js';

const GROUPS = {
  Motion: ['pose_', 'sway_', 'breathing_'],
  Eyes: ['gaze_', 'eye_', 'data_eyes_'],
  Blinks: ['blink_'],
  Mouth: ['articulation', 'talking_'],
  Picture: ['target_', 'animefx'],
};
const KINDS = ['number', 'integer', 'boolean'];

export class SettingsPanel {
  #root;
  #apart;
  #dials = new Map(); // key → control
  #defaults = {};
  #changes = {}; // of the server's: what is not at its default
  #send;

  /**
   * @param {HTMLElement} root gets the controls.
   * @param {Object<string, [string, HTMLElement]>} apart setting → its title, and what gets its control instead.
   * @param {(changes: object) => Promise<object>} patch gives all settings.
   * @param {(error: Error) => void} complain
   */
  constructor(root, apart, patch, complain) {
    this.#root = root;
    this.#apart = apart;
    this.#send = newestOfEach(async (changes) => { this.#changes = await patch(changes); }, complain);
  }

  /** @param {object} schema of GET /api/v1/settings/schema. */
  set schema({ properties }) {
    this.#defaults = defaults(properties);
    const entries = Object.entries(properties).filter(([, { enum: values, type }]) => values || KINDS.includes(type));
    const together = entries.filter(([key]) => !(key in this.#apart));
    const groups = Object.keys(GROUPS).map((name) => [name, together.filter(([key]) => groupOf(key) === name)]);
    groups.push(['More', together.filter(([key]) => !groupOf(key))]);
    this.#root.replaceChildren(...groups.filter(([, members]) => members.length).map(([name, members]) => this.#group(name, members)));
    for (const [key, declared] of entries) {
      const [title, $place] = this.#apart[key] ?? [];
      $place?.replaceChildren(this.#dial(key, title, declared));
    }
    this.#draw();
  }

  /** Show the settings, of which only those not at their default need be named, unless a change is under way. */
  set settings(settings) {
    if (this.#send.isBusy) return;
    this.#changes = settings;
    this.#draw();
  }

  #group(name, members) {
    const $group = Object.assign(document.createElement('fieldset'), { className: 'dials' });
    $group.append(Object.assign(document.createElement('legend'), { textContent: name }));
    for (const [key, declared] of members) {
      const [start, ...others] = GROUPS[name] ?? [];
      const title = start && !others.length ? key.replace(start, '') : key; // what all begin with is the group's name
      $group.append(this.#dial(key, title.replaceAll('_', ' '), declared));
    }
    return $group;
  }

  #dial(key, title, declared) {
    const $dial = control(title, declared, declared.default, async (value) => {
      await this.#send({ [key]: value });
      this.#draw(); // what was refused goes back to what is
    });
    $dial.dataset.setting = key;
    this.#dials.set(key, $dial);
    return $dial;
  }

  #draw() {
    if (this.#send.isBusy) return;
    for (const [key, $dial] of this.#dials) {
      const byDefault = this.#defaults[key];
      const value = this.#changes[key] ?? byDefault;
      $dial.show(value);
      $dial.classList.toggle('changed', value !== byDefault);
    }
  }
}

function groupOf(key) {
  return Object.keys(GROUPS).find((name) => GROUPS[name].some((start) => key.startsWith(start)));
}

function defaults(properties) {
  return Object.fromEntries(Object.entries(properties).map(([key, declared]) => [key, declared.default]));
}
