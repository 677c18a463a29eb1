/**
 * The sheet of the 28 emotions: four rows of seven, placed like the left block of a keyboard.
 *
 *   1 2 3 4 5 6 7     warm
 *    q w e r t y u    steady
 *    a s d f g h j    shaken
 *    z x c v b n m    dark
 */

const ROWS = {
  warm: { Digit1: 'joy', Digit2: 'amusement', Digit3: 'excitement', Digit4: 'love', Digit5: 'admiration', Digit6: 'gratitude', Digit7: 'caring' },
  steady: { KeyQ: 'neutral', KeyW: 'approval', KeyE: 'optimism', KeyR: 'pride', KeyT: 'relief', KeyY: 'desire', KeyU: 'curiosity' },
  shaken: { KeyA: 'surprise', KeyS: 'realization', KeyD: 'confusion', KeyF: 'nervousness', KeyG: 'embarrassment', KeyH: 'fear', KeyJ: 'remorse' },
  dark: { KeyZ: 'sadness', KeyX: 'grief', KeyC: 'disappointment', KeyV: 'annoyance', KeyB: 'disapproval', KeyN: 'disgust', KeyM: 'anger' },
};

/** What one wants most often: a page with little room shows these alone. */
const OFTEN = ['joy', 'amusement', 'love', 'neutral', 'surprise', 'embarrassment', 'sadness', 'anger'];

/**
 * How each little face is drawn: [brow tilt (+ angry, - troubled), brow lift, eye opening (0 shut and smiling, -1 shut
 * and sad, 1 normal), mouth corners (+ up), mouth opening, extra]. A picture of the word, not the avatar's pose.
 */
const FACES = {
  joy: [0, 1.2, 0, 3, 3.4, 'blush'], amusement: [-.3, 1.6, 0, 3.2, 1.6], excitement: [0, 2.2, 1.35, 3, 4.2, 'blush'],
  love: [-.4, 1, 0, 2, 0, 'heart'], admiration: [-.3, 1.8, 1.3, 1.6, 2, 'blush'], gratitude: [-.5, .8, 0, 2.2, 0],
  caring: [-.7, .8, .7, 2, 0, 'blush'],
  neutral: [0, 0, 1, 0, 0], approval: [0, .3, .9, 1.8, 0], optimism: [0, 1.4, 1.1, 2.4, 1], pride: [.3, 1, 0, 2.8, 0],
  relief: [-.8, .6, -1, 1.4, .9], desire: [-.3, .2, .55, 1, 1.2, 'blush'], curiosity: [0, 2.2, 1.15, .4, .9],
  surprise: [0, 2.8, 1.45, -.2, 3.6], realization: [0, 2.4, 1.25, 1, 2.2], confusion: [-.9, .4, .85, -1, 0, 'question'],
  nervousness: [-1, .4, .9, -.6, 1, 'sweat'], embarrassment: [-1.2, .4, .75, -1.2, 1.2, 'flush'],
  fear: [-1.5, 1.4, 1.4, -2.2, 2.2, 'sweat'], remorse: [-1.3, 0, .5, -1.8, 0],
  sadness: [-1.4, .2, .7, -2.2, 0], grief: [-1.6, .6, -1, -2.4, 2, 'tears'], disappointment: [-.5, -.6, .45, -1.6, 0],
  annoyance: [1, -.6, .6, -1.2, 0], disapproval: [.7, -.4, .45, -2, 0], disgust: [.9, -.8, .5, -2.6, 1.2],
  anger: [1.8, -1, .95, -2.4, 2],
};

const EXTRAS = {
  blush: '<path class="flush" d="M10.500 27.500h3M26.500 27.500h3"/>',
  flush: '<path class="flush" d="m10 28 1.500-2.500m.5 2.500 1.500-2.500m.5 2.500 1-2m9.500 2.500 1.500-2.500m.5 2.500 1.500-2.500m.5 2.500 1-2"/>',
  tears: '<path class="water" d="M13 26v5.500M27 26v5.500"/>',
  sweat: '<path class="bead" d="M33 8.500c2.200 3 2.600 6-.2 6s-2.200-3 .2-6z"/>',
  heart: '<path class="heart" d="M33.500 14.500c-7-4.500-2.500-9 0-5.500 2.500-3.500 7 1 0 5.500z"/>',
  question: '<path class="sign" d="M31 7.500c0-4 6-4 5.500 0-.3 2-2.600 2-2.600 4.200m0 2.600v.2"/>',
};

export class EmotionSheet {
  #root;
  #onChange;
  #buttons = new Map(); // emotion → button
  #byCode = new Map(); // KeyboardEvent.code → emotion
  #chosen = ['neutral'];

  /** True while single keys choose emotions (WCAG 2.1.4 wants a way to turn that off). */
  hasShortcuts = true;

  /** @param {HTMLElement} root an empty toolbar. @param {(names: string[]) => void} onChange on every choice. */
  constructor(root, onChange) {
    this.#root = root;
    this.#onChange = onChange;
    for (const [row, emotions] of Object.entries(ROWS)) {
      for (const [code, name] of Object.entries(emotions)) this.#add(row, code, name);
    }
    this.show({ neutral: 1 });
    root.addEventListener('click', ({ target, shiftKey }) => {
      const name = target.closest('button')?.dataset.emotion;
      if (name) this.#choose(name, shiftKey);
    });
    root.addEventListener('keydown', (event) => this.#onArrow(event));
    document.addEventListener('keydown', (event) => this.#onShortcut(event));
    this.#labelKeys();
  }

  /** Mark what the avatar shows: emotion → weight. */
  show(weights) {
    this.#chosen = Object.keys(weights).filter((name) => weights[name] > 0);
    for (const [name, $button] of this.#buttons) {
      $button.setAttribute('aria-pressed', String(this.#chosen.includes(name)));
    }
    if (!this.#root.contains(document.activeElement)) this.#rove(this.#buttons.get(this.#chosen[0]));
  }

  #add(row, code, name) {
    const $button = document.createElement('button');
    $button.type = 'button';
    $button.className = `face ${row}${OFTEN.includes(name) ? ' often' : ''}`;
    $button.dataset.emotion = name;
    $button.innerHTML = `${drawFace(...FACES[name])}<span>${name}</span><kbd aria-hidden="true"></kbd>`;
    $button.setAttribute('aria-keyshortcuts', code.slice(-1).toLowerCase());
    $button.lastChild.textContent = code.slice(-1).toLowerCase();
    this.#buttons.set(name, $button);
    this.#byCode.set(code, name);
    this.#root.append($button);
  }

  #choose(name, isMixed) {
    const others = this.#chosen.filter((other) => other !== name);
    const isRemoved = isMixed && others.length > 0 && others.length < this.#chosen.length;
    const names = isMixed ? [...others, ...(isRemoved ? [] : [name])] : [name];
    this.show(Object.fromEntries(names.map((chosen) => [chosen, 1])));
    this.#rove(this.#buttons.get(name));
    this.#onChange(names);
  }

  #onShortcut(event) {
    const isText = event.target.closest?.('input:not([type=range], [type=radio]), select, textarea, [contenteditable]');
    if (!this.hasShortcuts || isText || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const name = this.#byCode.get(event.code);
    if (name) this.#choose(name, event.shiftKey);
  }

  #onArrow(event) {
    const $all = [...this.#buttons.values()].filter(($button) => $button.checkVisibility());
    const columns = getComputedStyle(this.#root).gridTemplateColumns.split(' ').length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const at = $all.indexOf(event.target.closest('button'));
    const ends = { Home: 0, End: $all.length - 1 };
    const to = event.key in ends ? ends[event.key] : at + steps[event.key];
    if (!(to >= 0 && to < $all.length)) return;
    event.preventDefault();
    this.#rove($all[to]);
    $all[to].focus();
  }

  /** One tab stop for the whole sheet. */
  #rove($stop) {
    if (!$stop) return;
    for (const $button of this.#buttons.values()) $button.tabIndex = $button === $stop ? 0 : -1;
  }

  /** Keys are taken by place; other layouts than QWERTY print other letters there. */
  async #labelKeys() {
    const layout = await navigator.keyboard?.getLayoutMap?.().catch(() => null);
    for (const [code, name] of this.#byCode) {
      if (layout?.get(code)) this.#buttons.get(name).lastChild.textContent = layout.get(code);
    }
  }
}

function drawFace(tilt, lift, eye, corners, open, extra) {
  const inner = 18.6 - lift + tilt;
  const outer = 18.6 - lift - tilt;
  const brows = `<path class="line" d="M12 ${outer}L17.500 ${inner}M28 ${outer}L22.500 ${inner}"/>`;
  const arc = eye < 0 ? 2.2 : -2.6;
  const eyes = eye > 0
    ? `<ellipse class="ink" cx="15" cy="23" rx="1.8" ry="${2.5 * eye}"/><ellipse class="ink" cx="25" cy="23" rx="1.8" ry="${2.5 * eye}"/>`
    : `<path class="line" d="M12.600 23.500q2.400 ${arc} 4.800 0m5.200 0q2.400 ${arc} 4.800 0"/>`;
  const y = 29.4 - corners / 3;
  const lips = `M16.800 ${y}Q20 ${y + corners} 23.200 ${y}`;
  const mouth = open ? `<path class="lips" d="${lips}Q20 ${y + corners + open * 2} 16.800 ${y}z"/>` : `<path class="line" d="${lips}"/>`;
  return `<svg viewBox="0 0 40 40" aria-hidden="true"><circle class="hair" cx="20" cy="19" r="16.500"/>
    <ellipse class="skin" cx="20" cy="23" rx="12.500" ry="11.500"/>
    <path class="hair" d="M6.500 22C6 6 34 6 33.500 22l-3.500-6.500-3.500 2.500-4-5.500-5 5.500-4-4-3.500 5z"/>
    ${brows}${eyes}${mouth}${EXTRAS[extra] ?? ''}</svg>`;
}
