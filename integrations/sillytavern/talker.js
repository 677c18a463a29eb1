/**
 * Replies as they come, said one after the other by whoever speaks. Knows an avatar by a few methods, and no page.
 *
 * A turn is a reply with its face. Turns of one face follow each other at once, the server joins them; another face waits until
 * all before it was heard. `stop` forgets every turn: whoever speaks up interrupts.
 */

import { readerFor } from './words.js';

export class Talker {
  #stage;
  #tell;
  #turns = []; // that are not told as a whole
  #heard = new Set(); // ids of speeches that have ended before their id was known
  #sounding = new Map(); // id of a speech → what to call when it has ended
  #lastFace = null;
  #era = 0; // grows with every stop
  #isPumping = false;

  /**
   * @param {{say: Function, append: Function, stop: Function, face: function(string): Promise}} stage says and shows; `face` shows
   *   a card's character, and is told every time. @param {function(string)} tell what could not be said, and why.
   */
  constructor(stage, tell) {
    this.#stage = stage;
    this.#tell = tell;
  }

  /** Whether anything is being said or about to be. */
  get isBusy() { return this.#turns.length > 0 || this.#sounding.size > 0; }

  /**
   * A reply begins.
   * @param {string} face file of the card that speaks. @param {{words: string, manner: object}} how which words, and the
   *   fields of `say`.
   * @returns {{push: function(string), end: function()}} to be told its text.
   */
  begin(face, { words, manner }) {
    const turn = { face, manner, reader: readerFor(words), waiting: '', isWhole: false, speech: null };
    this.#turns.push(turn);
    return {
      push: (text) => this.#more(turn, turn.reader.push(text)),
      end: () => {
        if (turn.isWhole) return;
        turn.isWhole = true;
        this.#more(turn, turn.reader.end());
      },
    };
  }

  /** A reply that is there as a whole. */
  say(face, text, how) {
    const turn = this.begin(face, how);
    turn.push(text);
    turn.end();
  }

  /** Fall silent, and forget what was to be said. @returns {Promise} */
  async stop() {
    const wasBusy = this.isBusy;
    this.#era += 1;
    this.#turns = [];
    this.#isPumping = false;
    for (const done of this.#sounding.values()) done();
    this.#sounding.clear();
    if (wasBusy) await this.#stage.stop().catch(() => {}); // who is not there says nothing
  }

  /** A speech has ended, as the server tells. */
  finished(speech) {
    const done = this.#sounding.get(speech);
    this.#sounding.delete(speech);
    if (done) done();
    else this.#heard.add(speech);
  }

  /** The connection was lost, and with it the ends of what sounds. */
  lost() {
    for (const speech of [...this.#sounding.keys()]) this.finished(speech);
  }

  #more(turn, text) {
    turn.waiting += text;
    this.#pump();
  }

  async #pump() {
    if (this.#isPumping) return;
    this.#isPumping = true;
    const era = this.#era;
    const isOver = () => era !== this.#era;
    try {
      while (!isOver() && this.#turns.length && isReady(this.#turns[0])) await this.#tellFirst(isOver);
    } catch (error) {
      if (isOver()) return;
      this.#turns = [];
      this.#tell(error.message);
    } finally {
      if (!isOver()) this.#isPumping = false;
    }
  }

  /** Tell the server all there is of the first turn by now. */
  async #tellFirst(isOver) {
    const turn = this.#turns[0];
    if (turn.isWhole && !turn.speech && !turn.waiting.trim()) { // nothing of it is to be said
      this.#turns.shift();
      return;
    }
    if (!turn.speech) {
      if (this.#lastFace !== turn.face) await this.#silence();
      if (isOver()) return;
      this.#lastFace = turn.face;
      await this.#stage.face(turn.face);
      if (isOver()) return;
    }
    const [text, isWhole] = [turn.waiting, turn.isWhole];
    turn.waiting = '';
    if (!turn.speech) {
      const speech = await this.#stage.say(text, { ...turn.manner, more: !isWhole });
      if (isOver()) return;
      turn.speech = speech;
      if (!this.#heard.delete(speech)) this.#sounding.set(speech, () => {});
    } else {
      await this.#stage.append(turn.speech, text, { more: !isWhole });
      if (isOver()) return;
    }
    if (isWhole && !turn.waiting) this.#turns.shift();
  }

  /** Until nothing sounds any more. */
  #silence() {
    const waits = [...this.#sounding].map(([speech, before]) => new Promise((resolve) => {
      this.#sounding.set(speech, () => { before(); resolve(); });
    }));
    return Promise.all(waits);
  }
}

/** Whether there is something to tell the server of it. An empty one that has not begun has nothing to say. */
function isReady(turn) {
  return turn.isWhole || (turn.speech ? turn.waiting !== '' : turn.waiting.trim() !== '');
}
