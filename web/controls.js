/** Controls for declared values: a slider, a switch, a choice, a text or a colour, as their JSON schema asks for. */

const COARSE = 100; // steps of a slider, at least
const WIDE = 1_000; // a range whose end is so many times its beginning is felt as a ratio

/**
 * A labelled control.
 * @param {string} name what it is called.
 * @param {object} declared its JSON schema: minimum and maximum, enum, boolean, string, or an array of three colours.
 * @param {*} value what it shows at first.
 * @param {(value: *) => void} onChange while a slider moves, too.
 * @returns {HTMLLabelElement} with a method `show(value)`, which waits while the control is being dragged.
 */
export function control(name, declared, value, onChange) {
  const $label = Object.assign(document.createElement('label'), { className: 'dial', title: declared.description ?? '' });
  const build = declared.enum ? choice : { boolean: toggle, array: colour, string: text }[declared.type] ?? slider;
  const { nodes, show } = build(declared, onChange);
  $label.append(name, ...nodes);
  let missed = [];
  $label.show = (shown) => {
    missed = nodes[0].matches(':active') ? [shown] : [];
    if (!missed.length) show(shown);
  };
  const catchUp = () => setTimeout(() => missed.forEach($label.show)); // then it is active no more
  $label.addEventListener('input', () => { missed = []; }); // that is older now
  for (const end of ['pointerup', 'pointercancel']) $label.addEventListener(end, catchUp);
  show(value);
  return $label;
}

function slider(declared, onChange) {
  const { minimum, maximum } = declared;
  const scale = minimum > 0 && maximum / minimum >= WIDE ? ratios(declared) : steps(declared);
  const $range = Object.assign(document.createElement('input'), { type: 'range', ...scale.range });
  const $value = document.createElement('output');
  const tell = (number) => {
    $value.textContent = scale.text(number);
    $range.setAttribute('aria-valuetext', $value.textContent);
  };
  $range.addEventListener('input', () => {
    const number = scale.value($range.valueAsNumber);
    tell(number);
    onChange(number);
  });
  const show = (number) => {
    $range.value = scale.place(number);
    tell(number); // the slider itself stands on the nearest step
  };
  return { nodes: [$range, $value], show };
}

/** Equal steps of 1, 2 or 5, tenths of them, …: what one stops at is a number one would have typed. */
function steps({ type, minimum, maximum }) {
  const coarse = (maximum - minimum) / COARSE;
  const power = 10 ** Math.floor(Math.log10(coarse));
  const step = type === 'integer' ? 1 : [5, 2, 1].find((digit) => digit * power <= coarse * 1.0001) * power;
  const digits = type === 'integer' ? 0 : maximum - minimum < 0.2 ? 4 : step < 0.5 ? 2 : 1;
  return {
    range: { min: minimum, max: maximum, step },
    value: (place) => place,
    place: (number) => number,
    text: (number) => number.toFixed(digits),
  };
}

/** Equal ratios, two digits each. */
function ratios({ minimum, maximum }) {
  const span = Math.log(maximum / minimum);
  return {
    range: { min: 0, max: 1, step: 1 / (2 * COARSE) },
    value: (place) => Math.min(maximum, Math.max(minimum, Number((minimum * Math.exp(span * place)).toPrecision(2)))),
    place: (number) => Math.log(number / minimum) / span,
    text: (number) => number.toFixed(number < 1 ? 2 : number < 10 ? 1 : 0),
  };
}

function toggle(declared, onChange) {
  const $box = Object.assign(document.createElement('input'), { type: 'checkbox' });
  $box.addEventListener('change', () => onChange($box.checked));
  return { nodes: [$box], show: (value) => { $box.checked = value; } };
}

function choice({ enum: values }, onChange) {
  const $select = document.createElement('select');
  $select.append(...values.map((each) => new Option(each)));
  $select.addEventListener('change', () => onChange($select.value));
  return { nodes: [$select], show: (value) => { $select.value = value; } };
}

function colour(declared, onChange) {
  const $colour = Object.assign(document.createElement('input'), { type: 'color' });
  $colour.addEventListener('input', () => onChange(linear($colour.value)));
  return { nodes: [$colour], show: (value) => { $colour.value = hex(value); } };
}

function text({ maxLength, pattern }, onChange) {
  const $text = Object.assign(document.createElement('input'), { type: 'text', maxLength, required: true, size: 14 });
  $text.pattern = pattern;
  $text.addEventListener('change', () => { if ($text.reportValidity()) onChange($text.value); });
  return { nodes: [$text], show: (value) => { if (!$text.matches(':focus')) $text.value = value; } };
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
