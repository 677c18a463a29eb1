/** The list of all filters, in groups, which is searched by typing. */

import { node } from '../nodes.js';

const STAGES = { scene: 'Scene', capture: 'Camera', signal: 'Signal', display: 'Screen', size: 'Size' };

export class FilterPicker {
  #root = node('details', { className: 'picker' });
  #search = node('input', { type: 'search', placeholder: 'Search filters', autocomplete: 'off' });
  #list = node('div', { className: 'found' });
  #schema = {};

  /** @param {(name: string) => void} onPick */
  constructor(onPick) {
    this.#search.setAttribute('aria-label', 'Search filters');
    this.#root.append(node('summary', { className: 'tool', textContent: '+ Add a filter' }), this.#search, this.#list);
    // Told of a little late: what was typed by then stays.
    this.#root.addEventListener('toggle', () => { if (this.#root.open) this.#search.focus(); });
    this.#search.addEventListener('input', () => this.#draw());
    this.#list.addEventListener('click', ({ target }) => {
      const $button = target.closest('button');
      if ($button) this.#pick($button.value, onPick);
    });
    this.#root.addEventListener('keydown', (event) => this.#onKey(event, onPick));
  }

  get $root() { return this.#root; }
  get $opener() { return this.#root.firstElementChild; }

  /** @param {Object<string, object>} schema operation → JSON schema, from GET /api/v1/filters. */
  set schema(schema) {
    this.#schema = schema;
    this.#draw();
  }

  #close() {
    this.#root.open = false;
    this.#search.value = '';
    this.#draw();
  }

  #pick(name, onPick) {
    this.#close();
    onPick(name);
  }

  #draw() {
    const wanted = this.#search.value.trim().toLowerCase();
    const isWanted = ([name, { description }]) => `${name} ${plain(name)} ${description}`.toLowerCase().includes(wanted);
    const entries = Object.entries(this.#schema).filter(isWanted);
    const groups = Object.entries(STAGES).map(([stage, title]) => [title, entries.filter(([, { stage: its }]) => its === stage)]);
    const shown = groups.filter(([, members]) => members.length).map(([title, members]) => group(title, members));
    this.#list.replaceChildren(...(shown.length ? shown : [node('p', { className: 'nothing', textContent: 'No filter is called or does that.' })]));
  }

  #onKey(event, onPick) {
    const buttons = [...this.#list.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: at < 0 ? undefined : 0, End: at < 0 ? undefined : buttons.length - 1 }[event.key];
    if (event.key === 'Escape') {
      this.#close();
      this.$opener.focus();
    } else if (event.key === 'Enter' && event.target === this.#search && buttons.length) this.#pick(buttons[0].value, onPick);
    else if (to !== undefined && this.#root.open) (buttons[to] ?? this.#search).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function group(title, members) {
  const $group = node('div', { role: 'group' }, node('h3', { textContent: title }));
  $group.setAttribute('aria-label', title);
  for (const [name, { description }] of members) {
    $group.append(node('button', { type: 'button', value: name }, node('b', { textContent: plain(name) }), node('span', { textContent: description })));
  }
  return $group;
}

/** The words of a name. */
export function plain(name) {
  return name.replaceAll('_', ' ');
}
