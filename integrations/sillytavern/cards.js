/**
 * Which character of the server stands for a card. Kept of each card, by its file:
 *   choice      '' its own picture (default), 'server' the server's own character, else a character's name
 *   agreed      whether the user let its picture be sent
 *   declined    whether the user said no
 *   marks       where its eyes and its mouth are, as the user has marked them in a picture with a ground
 *   character   the name of its picture on the server, with `print` of the picture, what was `prepared` there, the `findings`, and
 *               whether it is `opaque`
 */

import { characterName, fingerprint, pictureOnly } from './picture.js';

export const SERVERS_OWN = 'server';
const MOST_BYTES = 16 * 1024 * 1024;

export class Cards {
  #tavern;
  #known = new Map(); // file → promise of the character, while it is being found

  /**
   * @param {{settings: function(): object, save: function(), server: function(): AvatarServer, fetchCard: function(string):
   *   Promise<Uint8Array>, isOpaque: function(Uint8Array): Promise<boolean>, laid: function(Uint8Array, number[][]):
   *   Promise<Uint8Array>, ask: function(string)}} tavern what it needs of the page; `ask` asks the user for the picture of a card.
   */
  constructor(tavern) {
    this.#tavern = tavern;
  }

  /** What is kept of a card. */
  entry(file) {
    return this.#tavern.settings().cards[file] ?? {};
  }

  /** Keep something of a card. */
  note(file, values) {
    const settings = this.#tavern.settings();
    settings.cards = { ...settings.cards, [file]: { ...this.entry(file), ...values } };
    this.#known.delete(file);
    this.#tavern.save();
  }

  /** Forget what was found, for the server is another. */
  forget() { this.#known.clear(); }

  /** @returns {Promise<?string>} the character for a card; null is the server's own. */
  characterOf(file) {
    if (!this.#known.has(file)) {
      const found = this.#find(file);
      this.#known.set(file, found);
      found.catch(() => this.#known.delete(file));
    }
    return this.#known.get(file);
  }

  async #find(file) {
    const { choice = '', declined, agreed, marks, character } = this.entry(file);
    if (choice) return choice === SERVERS_OWN ? null : choice;
    const { consent } = this.#tavern.settings();
    if (declined || (consent === 'never' && !agreed)) return null;
    const bytes = await this.picture(file);
    const { print, name } = named(file, bytes, marks);
    const opaque = await this.#tavern.isOpaque(bytes);
    if (await this.#isThere(name)) {
      if (character !== name) this.#write(file, { character: name, print, opaque, findings: [] });
      return name;
    }
    if ((consent !== 'always' && !agreed) || (opaque && !marks)) {
      this.#tavern.ask(file);
      return null;
    }
    return this.#send(file, name, { print, opaque }, marks ? await this.#tavern.laid(bytes, marks) : bytes);
  }

  /** The picture of a card, and nothing else of its file. @returns {Promise<Uint8Array>} */
  async picture(file) {
    return pictureOnly(await this.#tavern.fetchCard(file));
  }

  /** Send another picture for a card, which the user has chosen, and marked if it has a ground. @param {Uint8Array} bytes */
  async give(file, bytes, marks = null) {
    const { print, name } = named(file, bytes, marks);
    await this.#send(file, name, { print, opaque: marks !== null }, marks ? await this.#tavern.laid(bytes, marks) : pictureOnly(bytes));
    this.note(file, { choice: name, declined: false });
    return name;
  }

  async #isThere(name) {
    return (await this.#tavern.server().characters()).includes(name);
  }

  async #send(file, name, found, bytes) {
    if (bytes.length > MOST_BYTES) throw new Error(`the picture of ${file} is larger than 16 MiB`);
    const { prepared, findings } = await this.#tavern.server().keep(name, bytes);
    this.#write(file, { character: name, ...found, prepared, findings: findings.map(({ severity, what, advice }) => ({ severity, what, advice })) });
    return name;
  }

  #write(file, values) {
    const settings = this.#tavern.settings();
    settings.cards = { ...settings.cards, [file]: { ...this.entry(file), ...values } };
    this.#tavern.save();
  }
}

/** What the server found in a picture, in a sentence or two for the user; '' if nothing, or of a ground that is known. */
export function advice({ findings = [], opaque = false }) {
  return opaque ? '' : findings
    .filter(({ severity }) => severity !== 'note')
    .map(({ what, advice: wanted }) => `${what.charAt(0).toUpperCase()}${what.slice(1)}${wanted ? `: ${wanted}` : ''}.`)
    .join(' ');
}

/** The name of a picture on the server, once for each picture and its marks. */
function named(file, bytes, marks) {
  const told = new TextEncoder().encode(marks ? JSON.stringify(marks) : '');
  const whole = new Uint8Array(bytes.length + told.length);
  whole.set(bytes);
  whole.set(told, bytes.length);
  const print = fingerprint(whole);
  return { print, name: characterName(file, print) };
}
