/** The filters on a picture, first to last: added, put in order, set, switched, doubled and taken away. */

import { typedControl } from '../controls.js';
import { node } from '../nodes.js';
import { makeSortable } from './drag_order.js';
import { FilterPicker, plain } from './filter_picker.js';

const MOST = 32; // as the server takes

export class ChainList {
  #list = node('ol', { className: 'filters' });
  #picker;
  #onChange;
  #announce;
  #schema = {};
  #chain = []; // [[name, {params}], …]
  #open = new WeakSet(); // the params of filters whose controls are shown

  /**
   * @param {HTMLElement} root gets the list and what adds to it. @param {(chain: Array) => void} onChange while sliders move, too.
   * @param {(text: string) => void} announce
   */
  constructor(root, onChange, announce) {
    this.#onChange = onChange;
    this.#announce = announce;
    this.#picker = new FilterPicker((name) => this.#add(name));
    root.append(this.#list, this.#picker.$root);
    makeSortable(this.#list, '.grip', (from, to) => this.#move(from, to, '.grip'));
    this.#list.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** @param {Object<string, object>} schema operation → JSON schema, from GET /api/v1/filters. */
  set schema(schema) {
    this.#schema = this.#picker.schema = schema;
    this.#draw();
  }

  get chain() { return this.#chain; }

  /** Show a chain. Where only values differ, the controls stay, and with them what is being typed. */
  set chain(chain) {
    if (same(chain, this.#chain)) return;
    const isAlike = chain.length === this.#chain.length && chain.every(([name], place) => name === this.#chain[place][0]);
    if (!isAlike) {
      this.#chain = structuredClone(chain);
      this.#draw();
      return;
    }
    for (const [place, [, params]] of chain.entries()) {
      Object.assign(this.#chain[place][1], structuredClone(params));
      this.#list.children[place].show();
    }
  }

  /** @param {Object<string, number>} stages stage → ms of a frame; those of operations are "chain <place> <name>". */
  set times(stages) {
    for (const [place, $row] of [...this.#list.children].entries()) {
      const ms = stages[`chain ${place} ${$row.dataset.operation}`];
      $row.querySelector('.ms').textContent = ms === undefined ? '' : `${ms.toFixed(1)} ms`;
    }
  }

  /** Whether a chain can take one more. */
  get isFull() { return this.#chain.length >= MOST; }

  /** Show and send a chain; what had the focus is gone with its row, so that of `place` gets it. */
  commit(chain, place = -1, within = '.title') {
    this.#chain = chain;
    this.#draw();
    const $row = this.#list.children[Math.min(place, chain.length - 1)];
    if (place >= 0) ($row?.querySelector(within) ?? this.#picker.$opener).focus();
    this.#onChange(chain);
  }

  #add(name) {
    if (this.isFull) {
      this.#announce(`A picture has at most ${MOST} filters.`);
      return;
    }
    const params = defaults(this.#schema[name]);
    this.#open.add(params);
    this.commit([...this.#chain, [name, params]], this.#chain.length);
    this.#announce(`${plain(name)} added`);
  }

  #move(from, to, within) {
    if (to < 0 || to >= this.#chain.length) return;
    const moved = [...this.#chain];
    moved.splice(to, 0, ...moved.splice(from, 1));
    this.commit(moved, to, within);
    this.#announce(`${plain(moved[to][0])} is now ${to + 1} of ${moved.length}`);
  }

  #double(place) {
    const [name, params] = this.#chain[place];
    if (this.isFull) {
      this.#announce(`A picture has at most ${MOST} filters.`);
      return;
    }
    const copy = structuredClone(params);
    if (this.#open.has(params)) this.#open.add(copy);
    this.commit(this.#chain.toSpliced(place + 1, 0, [name, copy]), place + 1, '.double');
    this.#announce(`${plain(name)} doubled`);
  }

  #remove(place) {
    const [name] = this.#chain[place];
    this.commit(this.#chain.toSpliced(place, 1), place, '.remove');
    this.#announce(`${plain(name)} removed`);
  }

  #onKey(event) {
    const $row = event.target.closest('li');
    const place = [...this.#list.children].indexOf($row);
    const onHead = event.target.matches('.grip, .title');
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step && (event.altKey || event.target.matches('.grip'))) {
      this.#move(place, place + step, event.target.matches('.grip') ? '.grip' : '.title');
    } else if (onHead && event.key === 'Delete') this.#remove(place);
    else return;
    event.preventDefault();
  }

  #draw() {
    this.#list.replaceChildren(...this.#chain.map((operation, place) => this.#row(operation, place)));
  }

  #row([name, params], place) {
    const $row = node('li', {});
    $row.dataset.operation = name;
    const { description = '', properties = {}, $defs = {} } = this.#schema[name] ?? {};
    const dials = [];
    const initial = defaults(this.#schema[name] ?? {});
    const mark = () => {
      $row.classList.toggle('off', params.enabled === false);
      $row.classList.toggle('changed', Object.keys(initial).some((key) => key !== 'enabled' && !same(params[key], initial[key])));
    };
    const change = (key, value) => {
      params[key] = value;
      mark();
      this.#onChange(this.#chain);
    };
    const $switch = node('input', { type: 'checkbox', checked: params.enabled !== false, title: 'On or off' });
    $switch.setAttribute('role', 'switch');
    $switch.setAttribute('aria-label', `${plain(name)} on`);
    $switch.addEventListener('change', () => change('enabled', $switch.checked));
    const $title = node('button', { type: 'button', className: 'title', textContent: plain(name), title: description });
    const $body = node('div', { className: 'body' });
    const build = () => {
      $title.setAttribute('aria-expanded', String(this.#open.has(params)));
      $body.hidden = !this.#open.has(params);
      if ($body.hidden || dials.length) return;
      const $reset = tool('reset', 'Reset', `Reset all of ${plain(name)}`, () => {
        for (const [key, value] of Object.entries(initial)) if (key !== 'enabled') params[key] = structuredClone(value);
        $row.show();
        $title.focus();
        this.#onChange(this.#chain);
      });
      $body.append(node('p', { className: 'about' }, node('span', { textContent: description }), $reset));
      for (const [key, declared] of Object.entries(properties)) {
        if (key === 'enabled') continue;
        const whole = { ...$defs[declared.$ref?.split('/').at(-1)], ...declared };
        const $dial = typedControl(plain(key), whole, params[key], (value) => change(key, value), initial[key]);
        $dial.dataset.parameter = key;
        dials.push([key, $dial]);
        $body.append($dial);
      }
    };
    $title.addEventListener('click', () => {
      if (!this.#open.delete(params)) this.#open.add(params);
      build();
    });
    const $grip = tool('grip', '⠿', `Move ${plain(name)}, ${place + 1} of ${this.#chain.length}: drag, or arrow keys`, () => {});
    const $double = tool('double', '', `Double ${plain(name)}`, () => this.#double(place));
    const $remove = tool('remove', '×', `Remove ${plain(name)}`, () => this.#remove(place));
    $row.append($grip, $switch, $title, node('span', { className: 'ms' }), $double, $remove, $body);
    $row.show = () => {
      mark();
      $switch.checked = params.enabled !== false;
      for (const [key, $dial] of dials) $dial.show(params[key]);
    };
    mark();
    build();
    return $row;
  }
}

function tool(className, textContent, label, onClick) {
  const $button = node('button', { type: 'button', className, textContent, title: label });
  $button.setAttribute('aria-label', label);
  $button.addEventListener('click', onClick);
  return $button;
}

function defaults({ properties = {} }) {
  return Object.fromEntries(Object.entries(properties).map(([key, declared]) => [key, structuredClone(declared.default)]));
}

/** Whether two values of JSON are the same. */
export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
