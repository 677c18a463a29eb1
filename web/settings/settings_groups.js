/** All settings of an avatar's animator in groups, from the server's declaration, with a search. */

import { newestOfEach } from '../api.js';
import { typedControl } from '../controls.js';
import { node } from '../nodes.js';
import { same } from './chain_list.js';
import { effectsControl, setControl, speedsControl } from './settings_lists.js';

const GROUPS = {
  Motion: ['liveliness', 'pose_', 'sway_', 'breathing_', 'emotion_speed'],
  Eyes: ['gaze_', 'eye_', 'data_eyes_'],
  Blinks: ['blink_'],
  Mouth: ['articulation', 'talking_', 'thinking_'],
  Signs: ['animefx'],
  Picture: ['size', 'in_betweens', 'target_'],
};
const LISTS = { sway_morphs: setControl, animefx: effectsControl, emotion_speed: speedsControl };
const TITLES = {
  pose_interpolator_step: 'how quickly emotions come', emotion_speed: 'emotions faster or slower', sway_morphs: 'what sways',
  sway_interval_min: 'next stance after, least', sway_interval_max: 'next stance after, most', sway_macro_strength: 'sway', sway_micro_strength: 'tremor',
  sway_hair: 'hair and hems', breathing_cycle_duration: 'seconds of a breath', gaze_saccades: 'glances', eye_waver_fps: 'pictures of wavering eyes',
  data_eyes_fps: 'pictures of data eyes', data_eyes_fadeout_duration: 'data eyes fade in', blink_interval_min: 'next blink after, least',
  blink_interval_max: 'next blink after, most', blink_probability: 'readiness to blink', blink_confusion_duration: 'blinking after confusion',
  blink_double_probability: 'double blinks', blink_partial_probability: 'half blinks', articulation: 'how far the mouth opens',
  thinking_sound: 'a “hm” while it thinks', talking_fps: 'mouths a second', talking_morph: 'mouth of Talk', animefx: 'signs', animefx_enabled: 'any signs', animefx_repeat: 'again after',
  target_fps: 'frames a second', size: 'px of its side', in_betweens: 'frames between two poses',
};
const KINDS = ['number', 'integer', 'boolean'];

export class SettingsGroups {
  #root;
  #dials = new Map(); // key → control
  #defaults = {};
  #changes = {}; // of the server's: what is not at its default
  #emotions = [];
  #send;

  /**
   * @param {HTMLElement} root with a search field and `.groups`. @param {(changes: object) => Promise<object>} patch gives all settings.
   * @param {(error: Error) => void} complain
   */
  constructor(root, patch, complain) {
    this.#root = root;
    this.#send = newestOfEach(async (changes) => { this.#changes = await patch(changes); }, complain);
    root.querySelector('[type=search]').addEventListener('input', ({ target }) => this.#search(target.value.trim().toLowerCase()));
  }

  /** @param {object} schema of GET /api/v1/settings/schema. */
  set schema({ properties }) {
    this.#defaults = Object.fromEntries(Object.entries(properties).map(([key, declared]) => [key, declared.default ?? {}]));
    const known = Object.entries(properties).filter(([key, { enum: values, type }]) => values || KINDS.includes(type) || key in LISTS);
    const groups = Object.keys(GROUPS).map((name) => [name, inOrder(name, known.filter(([key]) => groupOf(key) === name))]);
    groups.push(['More', known.filter(([key]) => !groupOf(key))]);
    const shown = groups.filter(([, members]) => members.length).map(([name, members]) => this.#group(name, members));
    this.#root.querySelector('.groups').replaceChildren(...shown);
    this.#draw();
  }

  /** What the server says of the avatar; a change under way is newer than that. */
  set state({ settings, emotions }) {
    this.#emotions.splice(0, Infinity, ...emotions);
    if (this.#send.isBusy) return;
    this.#changes = settings;
    this.#draw();
  }

  #group(name, members) {
    const $reset = node('button', { type: 'button', className: 'tool reset', textContent: 'Reset' });
    $reset.setAttribute('aria-label', `Reset ${name}`);
    $reset.addEventListener('click', (event) => {
      event.preventDefault(); // the group stays open
      this.#change(Object.fromEntries(members.map(([key]) => [key, this.#defaults[key]])));
      $group.querySelector('summary').focus();
    });
    const $group = node('details', { className: 'group', open: true }, node('summary', {}, node('b', { textContent: name }), $reset));
    $group.dataset.group = name;
    for (const [key, declared] of members) $group.append(this.#dial(key, declared));
    return $group;
  }

  #dial(key, declared) {
    const title = TITLES[key] ?? key.replaceAll('_', ' ');
    const build = LISTS[key] ?? typedControl;
    const $dial = build(title, declared, this.#defaults[key], (value) => this.#change({ [key]: value }), this.#defaults[key], this.#emotions);
    $dial.dataset.setting = key;
    $dial.title = key; // its name in messages and files
    $dial.dataset.words = `${title} ${key} ${declared.description ?? ''}`.toLowerCase();
    this.#dials.set(key, $dial);
    return $dial;
  }

  async #change(changes) {
    await this.#send(changes);
    this.#draw(); // what was refused goes back to what is
  }

  #search(wanted) {
    for (const $group of this.#root.querySelectorAll('.group')) {
      const dials = [...$group.querySelectorAll('[data-setting]')];
      for (const $dial of dials) $dial.hidden = !$dial.dataset.words.includes(wanted);
      $group.hidden = dials.every(($dial) => $dial.hidden);
      if (wanted) $group.open = true;
    }
    this.#root.querySelector('.nothing').hidden = [...this.#root.querySelectorAll('.group')].some(($group) => !$group.hidden);
  }

  #draw() {
    if (this.#send.isBusy) return;
    for (const [key, $dial] of this.#dials) {
      const value = this.#changes[key] ?? this.#defaults[key];
      $dial.show(value);
    }
    for (const $group of this.#root.querySelectorAll('.group')) {
      const keys = [...$group.querySelectorAll('[data-setting]')].map(($dial) => $dial.dataset.setting);
      const isChanged = keys.some((key) => !same(this.#changes[key] ?? this.#defaults[key], this.#defaults[key]));
      $group.classList.toggle('changed', isChanged);
    }
  }
}

/** As the group names them, else as the server does. */
function inOrder(name, members) {
  const rank = ([key]) => GROUPS[name].findIndex((start) => key.startsWith(start));
  return members.toSorted((one, other) => rank(one) - rank(other));
}

function groupOf(key) {
  return Object.keys(GROUPS).find((name) => GROUPS[name].some((start) => key.startsWith(start)));
}
