/** The sentence that is being said, its current word marked, as the server's `speech.*` events tell it. */

const LINGER_MS = 1_500; // a reader is slower than a listener

export class Subtitles {
  #node;
  #speechId = null; // whose sentence is shown
  #characters = []; // the server counts code points, a JavaScript string UTF-16 units
  #timer = 0;

  /** @param {HTMLElement} node an empty one; the word is a <mark> with the part `word` in it. */
  constructor(node) {
    this.#node = node;
  }

  /** @param {object} event of the server. What is said of another speech than the one shown comes too late. */
  follow(event) {
    if (event.type === 'speech.subtitle') this.#show(event);
    else if (event.speech_id !== this.#speechId) return;
    else if (event.type === 'speech.word') this.#highlight(event);
    else if (event.type === 'speech.finished') this.#end(event);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#speechId = null;
    this.#node.replaceChildren();
  }

  #show({ speech_id, text }) {
    this.clear();
    this.#speechId = speech_id;
    this.#characters = [...text];
    this.#node.textContent = text;
  }

  #highlight({ begin, end }) {
    const part = (from, to) => this.#characters.slice(from, to).join('');
    const $word = document.createElement('mark');
    $word.setAttribute('part', 'word');
    $word.textContent = part(begin, end);
    this.#node.replaceChildren(part(0, begin), $word, part(end));
    // A sentence longer than the box rolls on with its words.
    this.#node.scrollTop = $word.offsetTop + ($word.offsetHeight - this.#node.clientHeight) / 2;
  }

  #end({ interrupted }) {
    this.#node.textContent = this.#characters.join('');
    this.#timer = setTimeout(() => this.clear(), interrupted ? 0 : LINGER_MS);
  }
}
