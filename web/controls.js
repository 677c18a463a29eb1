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
  const { nodes, show } = kindOf(declared)(declared, onChange);
  $label.append(name, ...nodes);
  waitWhileDragged($label, nodes[0], show);
  show(value);
  return $label;
}

/**
 * The same, with a number to type beside a slider, a way back to where it began, and its help behind a "?".
 * What is typed out of range becomes the nearest value that may be; the event `told` then says so, `detail` is a sentence.
 * @param {*} initial where the way back leads; undefined is none.
 * @returns {HTMLDivElement} with a method `show(value)` as that of `control`; of class `changed` where it is not `initial`.
 */
export function typedControl(name, declared, value, onChange, initial = declared.default) {
  const id = `control-${++made}`;
  const $dial = Object.assign(document.createElement('div'), { className: 'dial typed' });
  const mark = (shown) => {
    $dial.classList.toggle('changed', initial !== undefined && JSON.stringify(shown) !== JSON.stringify(initial));
  };
  const change = (changed) => {
    mark(changed);
    onChange(changed);
  };
  const tell = (sentence) => $dial.dispatchEvent(new CustomEvent('told', { bubbles: true, detail: `${name}: ${sentence}` }));
  const kind = kindOf(declared);
  const { nodes, show } = kind === slider ? typedSlider(name, declared, change, tell) : kind(declared, change);
  nodes[0].id = id;
  $dial.append(Object.assign(document.createElement('label'), { htmlFor: id, textContent: name }), ...nodes);
  const showAll = (shown) => {
    mark(shown);
    show(shown);
  };
  if (declared.description) addHelp($dial, nodes[0], name, declared.description);
  if (initial !== undefined) {
    const $back = small('back', '↺', `Reset ${name}`);
    $back.addEventListener('click', () => {
      showAll(initial);
      nodes[0].focus(); // the button goes
      onChange(structuredClone(initial));
    });
    $dial.append($back);
  }
  waitWhileDragged($dial, nodes[0], showAll);
  showAll(value);
  return $dial;
}

let made = 0;

function kindOf(declared) {
  return declared.enum ? choice : { boolean: toggle, array: colour, string: text }[declared.type] ?? slider;
}

/** Give an element `show(value)`, which waits while its control is being dragged. */
function waitWhileDragged($root, $control, show) {
  let missed = [];
  $root.show = (shown) => {
    missed = $control.matches(':active') ? [shown] : [];
    if (!missed.length) show(shown);
  };
  const catchUp = () => setTimeout(() => missed.forEach($root.show)); // then it is active no more
  $root.addEventListener('input', () => { missed = []; }); // that is older now
  for (const end of ['pointerup', 'pointercancel']) $root.addEventListener(end, catchUp);
}

/** A button that shows what a control does; the key ? within the control does it, too, so Tab passes the button over. */
function addHelp($dial, $control, name, text) {
  const $text = Object.assign(document.createElement('p'), { className: 'help-text', id: `${$control.id}-help`, textContent: text, hidden: true });
  const $button = small('help', '?', `About ${name}`);
  $button.tabIndex = -1;
  $button.setAttribute('aria-expanded', 'false');
  $button.setAttribute('aria-controls', $text.id);
  $control.setAttribute('aria-describedby', $text.id);
  $dial.showHelp = (isShown) => {
    $text.hidden = !isShown;
    $button.setAttribute('aria-expanded', String(isShown));
  };
  const toggleHelp = () => $dial.showHelp($text.hidden);
  $button.addEventListener('click', toggleHelp);
  $dial.addEventListener('keydown', (event) => {
    if (event.key !== '?') return;
    event.preventDefault();
    toggleHelp();
  });
  $dial.append($button, $text);
}

function small(className, text, label) {
  const $button = Object.assign(document.createElement('button'), { type: 'button', className, textContent: text, title: label });
  $button.setAttribute('aria-label', label);
  return $button;
}

/** A slider and a number field, which show the same. */
function typedSlider(name, declared, onChange, tell) {
  const { minimum, maximum, type } = declared;
  const { nodes: [$range], show, step } = slider(declared, (number) => {
    $number.value = shortest(number);
    onChange(number);
  });
  const $number = Object.assign(document.createElement('input'), { type: 'number', min: minimum, max: maximum, step });
  $number.setAttribute('aria-label', `${name}, as a number`);
  $number.setAttribute('inputmode', 'decimal');
  let shown;
  let isTyped = false; // and not yet taken: what arrives meanwhile may not write over it
  const write = (number) => {
    if (document.activeElement !== $number || Number($number.value) !== number) $number.value = shortest(number);
  };
  const showBoth = (number) => {
    shown = number;
    show(number);
    if (!isTyped) write(number);
  };
  $range.addEventListener('input', () => { shown = Number($number.value); });
  $number.addEventListener('input', () => { isTyped = true; });
  $number.addEventListener('blur', () => {
    isTyped = false;
    write(shown);
  });
  $number.addEventListener('change', () => {
    isTyped = false;
    const typed = $number.valueAsNumber;
    if (Number.isNaN(typed)) {
      showBoth(shown);
      return;
    }
    const whole = type === 'integer' ? Math.round(typed) : typed;
    const taken = Math.min(maximum, Math.max(minimum, whole));
    if (taken !== typed) tell(`${shortest(typed)} cannot be, so it is ${shortest(taken)}; it lies in ${minimum}..${maximum}`);
    showBoth(taken);
    onChange(taken);
  });
  return { nodes: [$range, $number], show: showBoth };
}

/** A number without digits that nobody needs. */
function shortest(number) {
  return String(Number(number.toFixed(4)));
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
  return { nodes: [$range, $value], show, step: scale.step };
}

/** Equal steps of 1, 2 or 5, tenths of them, …: what one stops at is a number one would have typed. */
function steps({ type, minimum, maximum }) {
  const coarse = (maximum - minimum) / COARSE;
  const power = 10 ** Math.floor(Math.log10(coarse));
  const step = type === 'integer' ? 1 : [5, 2, 1].find((digit) => digit * power <= coarse * 1.0001) * power;
  const digits = type === 'integer' ? 0 : maximum - minimum < 0.2 ? 4 : step < 0.5 ? 2 : 1;
  return {
    range: { min: minimum, max: maximum, step },
    step,
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
    step: 'any',
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
  $select.addEventListener('change', () => onChange(values[$select.selectedIndex])); // a number stays one
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
