/** Controls for declared values: a slider, a switch, a choice or a colour, as their JSON schema asks for. */

const COARSE = 100; // steps of a slider

/**
 * A labelled control.
 * @param {string} name what it is called.
 * @param {object} declared its JSON schema: minimum and maximum, enum, boolean, or an array of three colours.
 * @param {*} value what it shows at first.
 * @param {(value: *) => void} onChange while a slider moves, too.
 */
export function control(name, declared, value, onChange) {
  const $label = Object.assign(document.createElement('label'), { className: 'dial', title: declared.description ?? '' });
  const build = declared.enum ? choice : { boolean: toggle, array: colour }[declared.type] ?? slider;
  $label.append(name, ...build(declared, value, onChange));
  return $label;
}

function slider({ type, minimum, maximum }, value, onChange) {
  const step = type === 'integer' ? 1 : (maximum - minimum) / COARSE;
  const $range = Object.assign(document.createElement('input'), { type: 'range', min: minimum, max: maximum, step, value });
  const $value = document.createElement('output');
  const digits = type === 'integer' ? 0 : maximum - minimum < 0.2 ? 4 : 2;
  const show = (number) => { $value.textContent = number.toFixed(digits); };
  $range.addEventListener('input', () => {
    show($range.valueAsNumber);
    onChange($range.valueAsNumber);
  });
  show(value); // the slider itself stands on the nearest step
  return [$range, $value];
}

function toggle(declared, value, onChange) {
  const $box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: value });
  $box.addEventListener('change', () => onChange($box.checked));
  return [$box];
}

function choice({ enum: values }, value, onChange) {
  const $select = document.createElement('select');
  $select.append(...values.map((each) => new Option(each, each, false, each === value)));
  $select.addEventListener('change', () => onChange($select.value));
  return [$select];
}

function colour(declared, value, onChange) {
  const $colour = Object.assign(document.createElement('input'), { type: 'color', value: hex(value) });
  $colour.addEventListener('input', () => onChange(linear($colour.value)));
  return [$colour];
}

/** `#rrggbb`, sRGB, of linear colours in [0, 1]. */
export function hex(colours) {
  const bytes = colours.map((c) => Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055)));
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Linear colours in [0, 1] of `#rrggbb`. */
export function linear(text) {
  return [1, 3, 5].map((at) => {
    const v = parseInt(text.slice(at, at + 2), 16) / 255;
    return Number((v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).toFixed(5));
  });
}
