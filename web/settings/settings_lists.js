/** Controls for settings that are lists: what sways, which signs come, how quickly each emotion does. */

import { typedControl } from '../controls.js';
import { node } from '../nodes.js';
import { same } from './chain_list.js';

const FASTEST = { type: 'number', minimum: 0.1, maximum: 10 };

/** Some of a few names, each a switch. @returns {HTMLElement} as `typedControl`. */
export function setControl(title, declared, value, onChange, initial) {
  const names = declared.items?.enum ?? initial;
  let held = value;
  const boxes = names.map((name) => {
    const $box = node('input', { type: 'checkbox' });
    $box.addEventListener('change', () => {
      held = names.filter((each) => (each === name ? $box.checked : held.includes(each)));
      mark();
      onChange(held);
    });
    return [name, $box];
  });
  const $root = frame(title, declared, boxes.map(([name, $box]) => node('label', {}, $box, ` ${name.replaceAll('_', ' ')}`)));
  const mark = () => $root.classList.toggle('changed', !same(held, initial));
  $root.show = (shown) => {
    held = shown;
    for (const [name, $box] of boxes) $box.checked = shown.includes(name);
    mark();
  };
  $root.show(value);
  return $root;
}

/** Signs around the head, each a switch. */
export function effectsControl(title, declared, value, onChange, initial) {
  let held = value;
  const $list = node('div', { className: 'set' });
  const $root = frame(title, declared, [$list]);
  $root.show = (shown) => {
    held = structuredClone(shown);
    const names = [...$list.children].map(($label) => $label.dataset.sign);
    if (!same(names, held.map(({ name }) => name))) $list.replaceChildren(...held.map((each, place) => sign(each, place)));
    for (const [place, $label] of [...$list.children].entries()) $label.firstElementChild.checked = held[place].enabled !== false;
    $root.classList.toggle('changed', !same(held, initial));
  };
  function sign({ name, emotions = [] }, place) {
    const $box = node('input', { type: 'checkbox' });
    $box.addEventListener('change', () => {
      held[place].enabled = $box.checked;
      $root.classList.toggle('changed', !same(held, initial));
      onChange(structuredClone(held));
    });
    const $label = node('label', { title: `With ${emotions.join(', ')}` }, $box, ` ${name.replaceAll('_', ' ')}`);
    $label.dataset.sign = name;
    return $label;
  }
  $root.show(value);
  return $root;
}

/** Emotion → how much faster than others it comes; those that are named have a slider each. */
export function speedsControl(title, declared, value, onChange, initial, emotions) {
  let held = value;
  const $rows = node('div', { className: 'speeds' });
  const $add = node('select', { className: 'tool' });
  $add.setAttribute('aria-label', 'An emotion that comes faster or slower');
  const $root = frame(title, declared, [$rows, $add]);
  const send = (changed) => {
    $root.show(changed);
    onChange(changed);
  };
  $add.addEventListener('focus', () => fill());
  $add.addEventListener('pointerdown', () => fill());
  $add.addEventListener('change', () => { if ($add.value) send({ ...held, [$add.value]: 2 }); });
  function fill() {
    const others = emotions.filter((name) => !(name in held));
    if ($add.options.length !== others.length + 1) {
      $add.replaceChildren(new Option('An emotion faster or slower…', ''), ...others.map((name) => new Option(name.replaceAll('_', ' '), name)));
    }
  }
  $root.show = (shown) => {
    const names = [...$rows.children].map(($row) => $row.dataset.emotion);
    held = shown;
    if (!same(names, Object.keys(shown))) $rows.replaceChildren(...Object.entries(shown).map(([name, factor]) => row(name, factor)));
    else for (const $row of $rows.children) $row.firstElementChild.show(shown[$row.dataset.emotion]);
    $root.classList.toggle('changed', Object.keys(shown).length > 0);
    $add.value = '';
    fill();
  };
  function row(name, factor) {
    const $dial = typedControl(name.replaceAll('_', ' '), FASTEST, factor, (changed) => {
      held = { ...held, [name]: changed };
      onChange(held);
    }, undefined);
    const $remove = node('button', { type: 'button', className: 'remove', textContent: '×', title: `${name} as others` });
    $remove.setAttribute('aria-label', `${name} as others`);
    $remove.addEventListener('click', () => {
      send(Object.fromEntries(Object.entries(held).filter(([each]) => each !== name)));
      $add.focus();
    });
    const $row = node('div', { className: 'speed' }, $dial, $remove);
    $row.dataset.emotion = name;
    return $row;
  }
  $root.show(value);
  return $root;
}

function frame(title, declared, children) {
  const $root = node('fieldset', { className: 'listed' }, node('legend', { textContent: title, title: declared.description ?? '' }), ...children);
  return $root;
}
