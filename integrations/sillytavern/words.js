/** Which words of a reply are said. Text comes in pieces of any size; the pieces change nothing. No part of a page is needed. */

const OPENERS = { '"': '"', '＂': '＂', '“': '”', '„': '“”', '«': '»', '»': '«', '「': '」', '『': '』', '《': '》' };
const HIDDEN = [['<think>', '</think>'], ['<thinking>', '</thinking>'], ['```', '```']]; // never said, and quotes in them count for nothing
const DIRECTION = 240; // letters of narration after which the end of a sentence ends it
const MOST = 500; // after so many, any blank does: the server takes 600 as one
const ENDS = '.!?…。！？\n';

/** How the server is to take narration, for the words that are wanted. */
export function narrationFor(words) {
  return words === 'all' ? 'speak' : 'act';
}

/** A reader of one reply for what the user wants said. */
export function readerFor(words) {
  return words === 'quotes' ? new Quotes() : { push: (text) => text, end: () => '' };
}

/**
 * Hands on what stands in quotation marks as it is, and all else as narration, which the server acts and does not say: between
 * wide asterisks, which it takes for that wherever they stand. What is never closed ends with its paragraph.
 */
export class Quotes {
  #outside = ''; // narration that was not handed on
  #closers = ''; // of the quotation that is open
  #until = ''; // of what is hidden
  #tail = ''; // the last letters of what is hidden or of a paragraph

  /** @returns {string} what can be said of it by now. */
  push(text) {
    let out = '';
    for (const letter of text) out += this.#next(letter);
    return out;
  }

  /** @returns {string} what is left at the end of the reply. */
  end() {
    const out = this.#direction();
    this.#closers = this.#until = this.#tail = '';
    return out;
  }

  #next(letter) {
    if (this.#until) {
      this.#tail = (this.#tail + letter).slice(-this.#until.length);
      if (this.#tail === this.#until) this.#until = this.#tail = '';
      return '';
    }
    if (this.#closers) {
      const isLost = letter === '\n' && this.#tail === '\n';
      this.#tail = letter;
      if (!isLost && !this.#closers.includes(letter)) return letter;
      this.#closers = this.#tail = '';
      return isLost ? '\n' : ' ';
    }
    if (letter in OPENERS) {
      this.#closers = OPENERS[letter];
      return this.#direction();
    }
    this.#outside += letter;
    const hidden = HIDDEN.find(([opening]) => this.#outside.endsWith(opening));
    if (hidden) {
      this.#outside = this.#outside.slice(0, -hidden[0].length);
      this.#until = hidden[1];
      return '';
    }
    const { length } = this.#outside;
    return (length >= DIRECTION && ENDS.includes(letter)) || (length >= MOST && /\s/.test(letter)) ? this.#direction() : '';
  }

  #direction() {
    const told = this.#outside.replace(/[*＊_~\s]+/g, ' ').replace(/^[^\p{L}\p{N}[]+/u, '').trim();
    this.#outside = '';
    return told ? ` ＊${told}＊ ` : '';
  }
}

/**
 * What is new in a reply that is told anew as a whole with every token.
 * @param {string} whole the reply so far. @param {string} before what it was.
 * @returns {string} '' also where it is another reply: nothing that was said can be taken back.
 */
export function fresh(whole, before) {
  return whole.startsWith(before) ? whole.slice(before.length) : '';
}

/**
 * The reply up to where the model begins to speak for somebody else, as SillyTavern cuts it, too. A name that may be coming is
 * held back.
 * @param {string[]} names of the user and other members. @param {boolean} isWhole nothing follows.
 */
export function ownPart(text, names, isWhole = false) {
  let end = text.length;
  for (const name of names) {
    if (!name) continue;
    const mark = `\n${name}:`;
    const at = text.indexOf(mark);
    if (at >= 0) end = Math.min(end, at);
    else if (!isWhole) end = Math.min(end, begun(text, mark));
  }
  return text.slice(0, end);
}

/** Where the end of the text may be the beginning of a mark; its length if it cannot. */
function begun(text, mark) {
  for (let letters = Math.min(mark.length - 1, text.length); letters > 0; letters -= 1) {
    if (text.endsWith(mark.slice(0, letters))) return text.length - letters;
  }
  return text.length;
}
