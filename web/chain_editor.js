/** The chain of operations on the picture, edited with controls built from the server's declaration. */

export class ChainEditor {
  #list;
  #adders;
  #onChange;
  #schema = {}; // operation → JSON schema of its parameters
  #chain = []; // [[name, {params}], …]

  /**
   * @param {HTMLElement} list an empty <ol>. @param {HTMLElement} adders gets one button per operation.
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
    this.#adders.replaceChildren(...Object.entries(schema).map(([name, { description }]) => {
      const $add = button(`+ ${words(name)}`, description ?? '', () => this.#commit([...this.#chain, [name, defaults(schema[name])]]));
      $add.dataset.operation = name;
      return $add;
    }));
    this.#draw();
  }

  /** Show the avatar's chain, unless that is what is shown: sliders in use must not be replaced. */
  set chain(chain) {
    if (JSON.stringify(chain) === JSON.stringify(this.#chain)) return;
    this.#chain = structuredClone(chain);
    this.#draw();
  }

  /** True while one of its sliders is being used. */
  get isBusy() {
    return this.#list.contains(document.activeElement) && document.activeElement.type === 'range';
  }

  #commit(chain) {
    this.#chain = chain;
    this.#draw();
    this.#onChange(chain);
  }

  #draw() {
    this.#list.replaceChildren(...this.#chain.map((operation, place) => this.#row(operation, place)));
  }

  #row([name, params], place) {
    const $row = document.createElement('li');
    const $title = Object.assign(document.createElement('b'), { textContent: words(name) });
    const without = this.#chain.filter((_, other) => other !== place);
    const moved = [...without];
    moved.splice(place - 1, 0, this.#chain[place]);
    const $earlier = button('↑', `Move ${words(name)} up`, () => this.#commit(moved));
    $earlier.disabled = place === 0;
    $row.append($title, $earlier, button('×', `Remove ${words(name)}`, () => this.#commit(without)));
    for (const [key, declared] of Object.entries(this.#schema[name]?.properties ?? {})) {
      $row.append(this.#slider(params, key, declared));
    }
    return $row;
  }

  #slider(params, key, { minimum, maximum, description }) {
    const $label = Object.assign(document.createElement('label'), { className: 'dial', title: description ?? '' });
    const $range = Object.assign(document.createElement('input'), {
      type: 'range', min: minimum, max: maximum, step: (maximum - minimum) / 100, value: params[key],
    });
    const $value = document.createElement('output');
    const show = () => { $value.textContent = Number($range.value).toFixed(2); };
    $range.addEventListener('input', () => {
      params[key] = $range.valueAsNumber;
      show();
      this.#onChange(this.#chain);
    });
    show();
    $label.append(words(key), $range, $value);
    return $label;
  }
}

function defaults({ properties = {} }) {
  return Object.fromEntries(Object.entries(properties).map(([key, declared]) => [key, declared.default]));
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
