/** All settings of an avatar's animator that are a number, a switch or a choice, built from the server's declaration. */

import { newestOfEach } from './api.js';
import { control } from './controls.js';

const GROUPS = {
  Motion: ['pose_', 'sway_', 'breathing_'],
  Eyes: ['gaze_', 'eye_', 'data_eyes_'],
  Blinks: ['blink_'],
  Mouth: ['talking_'],
  Picture: ['target_', 'upscale', 'animefx', 'format'],
};
/** They stand elsewhere on the page, or the server takes them from the predecessor's files and does nothing with them. */
const LEFT_OUT = ['backdrop_blur', 'upscale_preset', 'metrics_enabled'];
const KINDS = ['number', 'integer', 'boolean'];

export class SettingsPanel {
  #root;
  #apart;
  #dials = new Map(); // path such as `crop.left` → control
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
    this.#send = newestOfEach(async (changes) => { this.#changes = await patch(nested(changes)); }, complain);
  }

  /** @param {object} schema of GET /api/v1/settings/schema. */
  set schema({ properties, $defs }) {
    this.#defaults = defaults(properties);
    const entries = Object.entries(properties).filter(([key, { enum: values, type }]) => (
      (values || KINDS.includes(type)) && !LEFT_OUT.includes(key)
    ));
    const together = entries.filter(([key]) => !(key in this.#apart));
    const groups = Object.keys(GROUPS).map((name) => [name, together.filter(([key]) => groupOf(key) === name)]);
    groups.push(['More', together.filter(([key]) => !groupOf(key))]);
    const crop = $defs[properties.crop.$ref.split('/').at(-1)].properties;
    this.#defaults.crop = defaults(crop);
    groups.push(['Crop', Object.entries(crop).map(([key, declared]) => [`crop.${key}`, declared])]);
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
    for (const [path, declared] of members) {
      const [start, ...others] = GROUPS[name] ?? ['crop.'];
      const title = others.length ? path : path.replace(start, ''); // what all begin with is the group's name
      $group.append(this.#dial(path, title.replaceAll('_', ' '), declared));
    }
    return $group;
  }

  #dial(path, title, declared) {
    const $dial = control(title, declared, declared.default, async (value) => {
      await this.#send({ [path]: value });
      this.#draw(); // what was refused goes back to what is
    });
    $dial.dataset.setting = path;
    this.#dials.set(path, $dial);
    return $dial;
  }

  #draw() {
    if (this.#send.isBusy) return;
    for (const [path, $dial] of this.#dials) {
      const byDefault = at(this.#defaults, path);
      const value = at(this.#changes, path) ?? byDefault;
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

/** What lies at a path; undefined if nothing does. */
function at(whole, path) {
  return path.split('.').reduce((part, key) => part?.[key], whole);
}

/** {'crop.left': 0.1, talking_fps: 8} → {crop: {left: 0.1}, talking_fps: 8} */
function nested(changes) {
  const whole = {};
  for (const [path, value] of Object.entries(changes)) {
    const [key, edge] = path.split('.');
    if (edge) whole[key] = { ...whole[key], [edge]: value };
    else whole[key] = value;
  }
  return whole;
}
