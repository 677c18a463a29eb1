/** The sliders of a face: groups of rows, left and right linked, a number field beside each. */

import { CELS, MORPHS, title } from '../morphs.js';
import { node } from '../nodes.js';
import { clamped, otherSide } from './face.js';

const GROUPS = [...Object.entries(MORPHS), ...Object.entries(CELS)];
const OPEN = ['Brows', 'Eyes', 'Mouth', 'Head and body'];

export class FaceDials {
  #dials = new Map(); // name → {$range, $number}
  #groups = []; // {$group, $count, $reset, names}
  #rows = []; // {$row, words, names}
  #linked = new Map(); // base name → whether left follows right and the other way round
  #on;

  /**
   * @param {HTMLElement} root filled with the groups.
   * @param {{change: Function, end: Function, reset: Function, tell: Function}} on change(values, gesture) while a slider
   *   moves, too; end() when it is let go of; reset(names); tell(text) what a typed value became.
   */
  constructor(root, on) {
    this.#on = on;
    root.append(...GROUPS.map(([name, members]) => this.#group(name, members)));
  }

  /** Show a face: morph or cel → value. What is being typed stays. */
  show(face) {
    for (const [name, { $range, $number }] of this.#dials) {
      const value = face[name] ?? 0;
      if (!$range.matches(':active')) $range.value = value;
      if ($number !== document.activeElement) $number.value = value.toFixed(2);
      $range.setAttribute('aria-valuetext', value.toFixed(2));
      $range.closest('.dial').classList.toggle('moved', value !== 0);
    }
    for (const { $count, $reset, names } of this.#groups) {
      const moved = names.filter((name) => face[name]).length;
      $count.textContent = moved ? `${moved} moved` : '';
      $reset.disabled = !moved;
    }
  }

  /** Show only rows whose name has these letters, '' all. @returns {number} how many there are. */
  search(text) {
    const wanted = text.trim().toLowerCase().split(/[\s_]+/).filter(Boolean);
    for (const { $row, words } of this.#rows) $row.hidden = !wanted.every((word) => words.includes(word));
    for (const { $group } of this.#groups) {
      const isFound = $group.querySelector('.row:not([hidden])') !== null;
      $group.hidden = !isFound;
      if (wanted.length && isFound) $group.open = true;
    }
    return this.#rows.filter(({ $row }) => !$row.hidden).length;
  }

  #group(name, members) {
    const names = members.map((member) => member.name);
    const $count = node('span', { className: 'count' });
    const $reset = node('button', { type: 'button', className: 'tool reset', textContent: 'Reset', ariaLabel: `Reset ${name}` });
    $reset.addEventListener('click', () => this.#on.reset(names));
    const $rows = node('div', { className: 'rows' });
    const $group = node('details', { className: 'fold group', open: OPEN.includes(name) }, node('summary', {}, name, $count), $reset, $rows);
    $group.dataset.group = name;
    for (const member of members) {
      if (member.name.endsWith('_right')) continue; // in the row of the left one
      $rows.append(this.#row(name, member, members.find((each) => each.name === otherSide(member.name))));
    }
    this.#groups.push({ $group, $count, $reset, names });
    return $group;
  }

  #row(group, member, other) {
    const base = member.name.replace(/_left$/, '');
    const $row = node('div', { className: 'row' }, node('span', { className: 'name', textContent: title(base) }));
    $row.dataset.row = base;
    if (other) $row.append(this.#link(base), this.#dial(member, 'L', 'left'), this.#dial(other, 'R', 'right'));
    else $row.append(this.#dial(member));
    this.#rows.push({ $row, words: `${group} ${base.replaceAll('_', ' ')}`.toLowerCase() });
    return $row;
  }

  #link(base) {
    this.#linked.set(base, true);
    const $link = node('button', { type: 'button', className: 'link', ariaLabel: `Left and right of ${title(base)} together` });
    $link.title = 'Left and right move together';
    $link.setAttribute('aria-pressed', 'true');
    $link.addEventListener('click', () => {
      const isLinked = !this.#linked.get(base);
      this.#linked.set(base, isLinked);
      $link.setAttribute('aria-pressed', String(isLinked));
    });
    return $link;
  }

  #dial({ name, minimum, maximum }, letter = '', side = '') {
    const called = `${title(name.replace(/_(left|right)$/, ''))} ${side}`.trim();
    const $range = node('input', { type: 'range', min: minimum, max: maximum, step: 0.01, value: 0, ariaLabel: called });
    const $number = node('input', { type: 'number', min: minimum, max: maximum, step: 0.01, value: '0.00', ariaLabel: `${called}, number` });
    const $dial = node('div', { className: 'dial' }, node('span', { className: 'side', textContent: letter, ariaHidden: 'true' }), $range, $number);
    $dial.dataset.name = name;
    $range.addEventListener('input', () => {
      $number.value = $range.valueAsNumber.toFixed(2);
      this.#on.change(this.#changes(name, $range.valueAsNumber), `slide ${name}`);
    });
    $range.addEventListener('change', () => this.#on.end());
    $range.addEventListener('dblclick', () => this.#on.change(this.#changes(name, 0), null));
    $number.addEventListener('change', () => {
      const value = clamped(name, $number.valueAsNumber);
      if (value !== $number.valueAsNumber) this.#on.tell(`${called} lies in ${minimum} to ${maximum}; it is ${value} now.`);
      $number.value = value.toFixed(2);
      this.#on.change(this.#changes(name, value), null);
    });
    this.#dials.set(name, { $range, $number });
    return $dial;
  }

  #changes(name, value) {
    const other = otherSide(name);
    const isLinked = other && this.#linked.get(name.replace(/_(left|right)$/, ''));
    return isLinked ? { [name]: value, [other]: value } : { [name]: value };
  }
}
