/**
 * Which character of the server stands for a card. Kept of each card, by its file:
 *   choice      '' its own picture (default), 'server' the server's own character, else a character's name
 *   agreed      whether the user let its picture be sent
 *   declined    whether the user said no
 *   character   the name of its picture on the server, with `print` of the picture and `findings` of the server's
 */

import { characterName, fingerprint, isPng, pictureOnly } from './picture.js';

export const SERVERS_OWN = 'server';
const MOST_BYTES = 16 * 1024 * 1024;

export class Cards {
  #tavern;
  #known = new Map(); // file → promise of the character, while it is being found

  /**
   * @param {{settings: function(): object, save: function(), server: function(): AvatarServer, fetchCard: function(string):
   *   Promise<Uint8Array>, ask: function(string)}} tavern what it needs of the page;
   *   `ask` asks the user whether a card's picture may be sent.
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
    const { choice = '', declined, agreed } = this.entry(file);
    if (choice) return choice === SERVERS_OWN ? null : choice;
    const { consent } = this.#tavern.settings();
    if (declined || (consent === 'never' && !agreed)) return null;
    const bytes = pictureOnly(await this.#tavern.fetchCard(file));
    const print = fingerprint(bytes);
    const name = characterName(file, print);
    const kept = this.entry(file);
    if (await this.#isThere(name)) {
      if (kept.character !== name) this.#write(file, { character: name, print, findings: kept.print === print ? kept.findings : [] });
      return name;
    }
    if (consent !== 'always' && !agreed) {
      this.#tavern.ask(file);
      return null;
    }
    return this.#send(file, name, print, bytes);
  }

  /** Send another picture for a card, which the user has chosen. @param {Uint8Array} bytes */
  async give(file, bytes) {
    const picture = isPng(bytes) ? pictureOnly(bytes) : bytes;
    const print = fingerprint(picture);
    const name = await this.#send(file, characterName(file, print), print, picture);
    this.note(file, { choice: name, declined: false });
    return name;
  }

  async #isThere(name) {
    return (await this.#tavern.server().characters()).includes(name);
  }

  async #send(file, name, print, bytes) {
    if (bytes.length > MOST_BYTES) throw new Error(`the picture of ${file} is larger than 16 MiB`);
    const { prepared, findings } = await this.#tavern.server().keep(name, bytes);
    this.#write(file, { character: name, print, prepared, findings: findings.map(({ severity, what, advice }) => ({ severity, what, advice })) });
    return name;
  }

  #write(file, values) {
    const settings = this.#tavern.settings();
    settings.cards = { ...settings.cards, [file]: { ...this.entry(file), ...values } };
    this.#tavern.save();
  }
}

/** What the server found in a picture, in a sentence or two for the user; '' if nothing. */
export function advice({ findings = [] }) {
  return findings
    .filter(({ severity }) => severity !== 'note')
    .map(({ what, advice: wanted }) => `${what.charAt(0).toUpperCase()}${what.slice(1)}${wanted ? `: ${wanted}` : ''}.`)
    .join(' ');
}

/** Whether a picture has a ground of its own, and is shown in a frame. */
export function isOpaque({ findings = [] }) {
  return findings.some(({ severity, what }) => severity === 'error' && what.includes('background'));
}
