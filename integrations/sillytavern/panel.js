/** The settings panel: each control shows one value, and writes it. */

import { advice } from './cards.js';
import { kindOf } from './layout.js';
import { placed, PLACES } from './settings.js';

const ANEW = ['server', 'token', 'avatar', 'animator']; // of which another value means another connection

export class Panel {
  #root;
  #settings;
  #does;

  /**
   * @param {Element} root made of settings.html. @param {() => object} settings
   * @param {{changed: function(string, boolean), place: Function, connect: Function, card: () => ?string, cards: Cards,
   *   send: Function, give: function(File)}} does changed: a value is another, and whether it takes a new connection
   */
  constructor(root, settings, does) {
    this.#root = root;
    this.#settings = settings;
    this.#does = does;
    root.addEventListener('input', ({ target }) => { if (target.type === 'range') this.#take(target); });
    root.addEventListener('change', ({ target }) => { if (target.type !== 'range') this.#take(target); });
    root.querySelector('[data-do=connect]').addEventListener('click', () => does.connect());
    root.querySelector('[data-do=send]').addEventListener('click', () => does.send());
    root.querySelector('[data-do=give]').addEventListener('click', () => root.querySelector('[data-file]').click());
    this.show();
  }

  /** Show the settings as they are. */
  show() {
    for (const $control of this.#root.querySelectorAll('[data-key]')) this.#set($control, this.#settings()[$control.dataset.key]);
    for (const $control of this.#root.querySelectorAll('[data-place]')) this.#set($control, this.#place[$control.dataset.place]);
    this.showCard();
  }

  /** Show what is kept of the card that is open. */
  showCard() {
    const file = this.#does.card();
    const entry = file ? this.#does.cards.entry(file) : {};
    this.#told('card', file ? [file.replace(/\.\w+$/, ''), entry.character && 'is on the server.', ...(entry.prepared ?? []).map((done) => `${done}.`), advice(entry)].filter(Boolean).join(' ') : 'No chat is open.');
    const $choice = this.#root.querySelector('[data-card]');
    if (entry.choice && ![...$choice.options].some(({ value }) => value === entry.choice)) $choice.add(new Option(entry.choice, entry.choice));
    $choice.value = entry.choice ?? '';
    for (const $control of this.#root.querySelectorAll('[data-card], [data-do=send], [data-do=give]')) $control.disabled = !file;
  }

  /** Say how the connection is. */
  told(text) { this.#told('state', text); }

  /** Offer what the server has. */
  offer({ voices, characters }) {
    this.#fill('[data-key=voice]', 1, voices.map(({ id, label }) => [label, id]), this.#settings().voice);
    this.#fill('[data-card]', 2, characters.map((name) => [name, name]), this.#root.querySelector('[data-card]').value);
  }

  #fill(selector, kept, options, value) {
    const $select = this.#root.querySelector(selector);
    $select.length = kept;
    for (const [label, each] of options) $select.add(new Option(label, each));
    if (value && ![...$select.options].some((option) => option.value === value)) $select.add(new Option(value, value));
    $select.value = value;
  }

  get #place() { return this.#settings().place[kindOf(innerWidth)]; }

  #take($control) {
    const { key, place, card, file } = $control.dataset;
    const value = valueOf($control);
    if (file !== undefined) {
      if ($control.files[0]) this.#does.give($control.files[0]);
      $control.value = '';
    } else if (card) {
      const entry = value === '' ? { choice: '', declined: false } : { choice: value };
      this.#does.cards.note(this.#does.card(), entry);
      this.#does.changed('card', false);
    } else if (place) {
      const kind = kindOf(innerWidth);
      const settings = this.#settings();
      settings.place = { ...settings.place, [kind]: placed({ ...this.#place, [place]: value }, PLACES[kind]) };
      this.#does.place();
    } else if (key) {
      this.#settings()[key] = value;
      this.#does.changed(key, ANEW.includes(key));
    }
    this.#output($control);
  }

  #set($control, value) {
    if ($control.type === 'checkbox') $control.checked = value;
    else if ($control.tagName === 'SELECT' && value && ![...$control.options].some((option) => option.value === value)) {
      $control.add(new Option(value, value));
      $control.value = value;
    } else $control.value = value;
    this.#output($control);
  }

  #output($control) {
    const $output = this.#root.querySelector(`output[for="${$control.id}"]`);
    if ($control.id && $output) $output.value = $control.value;
  }

  #told(what, text) { this.#root.querySelector(`[data-told=${what}]`).textContent = text; }
}

/** What a control holds. */
function valueOf($control) {
  if ($control.type === 'checkbox') return $control.checked;
  if (['range', 'number'].includes($control.type)) return Number.isFinite($control.valueAsNumber) ? $control.valueAsNumber : 0;
  return $control.value.trim();
}

