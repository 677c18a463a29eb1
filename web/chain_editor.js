/** The chain of operations on the picture, edited with controls built from the server's declaration. */

import { control } from './controls.js';

const STAGES = { scene: 'Scene', capture: 'Camera', signal: 'Signal', display: 'Screen', size: 'Size' };

export class ChainEditor {
  #list;
  #adders;
  #onChange;
  #schema = {}; // operation → JSON schema of its parameters
  #presets = {}; // name → {title, description, chain}
  #chain = []; // [[name, {params}], …]
  #open = new WeakSet(); // the params of operations whose controls are shown

  /**
   * @param {HTMLElement} list an empty <ol>. @param {HTMLElement} adders gets what adds an operation or takes a preset.
   * @param {(chain: Array) => void} onChange while sliders move, too.
   */
  constructor(list, adders, onChange) {
    this.#list = list;
    this.#adders = adders;
    this.#onChange = onChange;
  }

  /** @param {Object<string, object>} schema operation → JSON schema, from GET /api/v1/filters. */
  set schema(schema) {
    this.#schema = schema;
    this.#drawAdders();
    this.#draw();
  }

  /** @param {Object<string, object>} presets name → {title, description, chain}, from GET /api/v1/presets. */
  set presets(presets) {
    this.#presets = presets;
    this.#drawAdders();
  }

  get chain() { return this.#chain; }

  /** Show the avatar's chain, unless that is what is shown: controls in use must not be replaced. */
  set chain(chain) {
    if (JSON.stringify(chain) === JSON.stringify(this.#chain)) return;
    this.#chain = structuredClone(chain);
    this.#draw();
  }

  /** @param {Object<string, number>} stages stage → ms of a frame; those of operations are "chain <place> <name>". */
  set times(stages) {
    for (const [place, $row] of [...this.#list.children].entries()) {
      const ms = stages[`chain ${place} ${$row.dataset.operation}`];
      $row.querySelector('.ms').textContent = ms === undefined ? '' : `${ms.toFixed(1)} ms`;
    }
  }

  /** True while one of its controls is being used. */
  get isBusy() {
    return this.#list.contains(document.activeElement) && document.activeElement.matches('input, select');
  }

  /** Show and send a chain; what had the focus is gone with its row, so that of `place` gets it, if there is one. */
  #commit(chain, place = -1, button = '.title') {
    this.#chain = chain;
    this.#draw();
    const $row = this.#list.children[Math.min(place, chain.length - 1)];
    if (place >= 0) ($row?.querySelector(`${button}:enabled`) ?? $row?.querySelector('.title') ?? this.#adders.lastElementChild).focus();
    this.#onChange(chain);
  }

  #drawAdders() {
    const names = Object.keys(this.#schema);
    const groups = Object.entries(STAGES).map(([stage, label]) => [
      label, names.filter((name) => this.#schema[name].stage === stage).map((name) => [name, words(name), this.#schema[name].description]),
    ]);
    const $add = chooser('Add a filter', groups, (name) => {
      const params = defaults(this.#schema[name]);
      this.#open.add(params);
      this.#commit([...this.#chain, [name, params]]);
    });
    const presets = Object.entries(this.#presets).map(([name, { title, description }]) => [name, title, description]);
    const $preset = chooser('Take a preset', [['', [['none', 'None', 'The picture as it is.'], ...presets]]], (name) => {
      this.#commit(structuredClone(this.#presets[name]?.chain ?? []));
    });
    this.#adders.replaceChildren($preset, $add);
  }

  #draw() {
    this.#list.replaceChildren(...this.#chain.map((operation, place) => this.#row(operation, place)));
  }

  #row([name, params], place) {
    const $row = document.createElement('li');
    $row.dataset.operation = name;
    $row.classList.toggle('off', params.enabled === false);
    const $title = button(words(name), this.#schema[name]?.description ?? '', () => {
      if (!this.#open.delete(params)) this.#open.add(params);
      this.#draw();
      this.#list.children[place].querySelector('.title').focus();
    });
    $title.className = 'title';
    $title.setAttribute('aria-expanded', String(this.#open.has(params)));
    const $ms = Object.assign(document.createElement('span'), { className: 'ms' });
    const without = this.#chain.filter((_, other) => other !== place);
    const moved = [...without];
    moved.splice(place - 1, 0, this.#chain[place]);
    const $earlier = button('↑', `Move ${words(name)} up`, () => this.#commit(moved, place - 1, '.earlier'));
    $earlier.classList.add('earlier');
    $earlier.disabled = place === 0;
    $row.append(this.#toggle(name, params, $row), $title, $ms, $earlier, button('×', `Remove ${words(name)}`, () => this.#commit(without, place)));
    const { properties = {}, $defs = {} } = this.#schema[name] ?? {};
    for (const [key, declared] of Object.entries(properties)) {
      if (key === 'enabled' || !this.#open.has(params)) continue;
      $row.append(control(words(key), { ...$defs[declared.$ref?.split('/').at(-1)], ...declared }, params[key], (value) => {
        params[key] = value;
        this.#onChange(this.#chain);
      }));
    }
    return $row;
  }

  #toggle(name, params, $row) {
    const $box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: params.enabled !== false });
    $box.setAttribute('aria-label', `${words(name)} on`);
    $box.setAttribute('role', 'switch');
    $box.addEventListener('change', () => {
      params.enabled = $box.checked;
      $row.classList.toggle('off', !$box.checked);
      this.#onChange(this.#chain);
    });
    return $box;
  }
}

/** A <select> that does something at once and then shows its title again. */
function chooser(title, groups, onChoose) {
  const $select = Object.assign(document.createElement('select'), { className: 'tool' });
  $select.setAttribute('aria-label', title);
  $select.append(new Option(`${title}…`, '', true, true));
  $select.options[0].disabled = true;
  for (const [label, entries] of groups) {
    const $group = label ? Object.assign(document.createElement('optgroup'), { label }) : $select;
    for (const [value, text, help] of entries) $group.append(Object.assign(new Option(text, value), { title: help ?? '' }));
    if (label && entries.length) $select.append($group);
  }
  $select.addEventListener('change', () => {
    onChoose($select.value);
    $select.selectedIndex = 0;
  });
  return $select;
}

function defaults({ properties = {} }) {
  return Object.fromEntries(Object.entries(properties).map(([key, declared]) => [key, structuredClone(declared.default)]));
}

function words(name) {
  return name.replaceAll('_', ' ');
}

function button(text, title, onClick) {
  const $button = Object.assign(document.createElement('button'), { type: 'button', className: 'tool', textContent: text, title });
  if (title && text.length === 1) $button.setAttribute('aria-label', title);
  $button.addEventListener('click', onClick);
  return $button;
}
