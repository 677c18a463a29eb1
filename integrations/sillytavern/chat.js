/**
 * What happens in SillyTavern's chat, as something the avatar does. Who sends, swipes, edits, deletes, stops or opens another
 * chat interrupts; replies are said as they stream in, and whole ones as they come.
 */

import { fresh, narrationFor, ownPart } from './words.js';

const SILENT = ['quiet', 'impersonate']; // generations that are nobody's reply
const WHOLE = ['first_message', 'command', 'extension']; // messages that were never streamed
const THINKS_MS = 120_000;
const LISTENS_MS = 4_000;
const FEELS_MS = 30_000;
const FEELS = 0.8; // of its strength, for a while
const MOST_LETTERS = 20_000; // of a text that the server classifies

export class Chat {
  #context;
  #talker;
  #live;
  #settings;
  #faces;
  #tell;
  #reply = null; // of the stream that comes in: what the talker takes it by, and its text so far
  #isStreamed = false; // whether the message to come was streamed
  #isOurs = false; // whether what is generated is a reply
  #goesOn = false; // a reply that asked for a tool goes on
  #before = ''; // the message that is continued
  #drafted = null; // file of the member of a group that speaks next
  #listenedAt = -Infinity;

  /**
   * @param {() => object} context SillyTavern's. @param {Talker} talker @param {Live} live @param {() => object} settings
   * @param {{isWanted: () => boolean, show: function(string): Promise, hide: Function, feeling: function(string): Promise}} faces
   *   isWanted: whether the avatar is to be seen; `show` shows the character of a card's file, `hide` that no chat is open
   * @param {function(string)} tell
   */
  constructor(context, talker, live, settings, faces, tell) {
    this.#context = context;
    this.#talker = talker;
    this.#live = live;
    this.#settings = settings;
    this.#faces = faces;
    this.#tell = tell;
  }

  /** Hear of all that happens. */
  start() {
    const { eventSource, eventTypes: types } = this.#context();
    const on = (type, act) => { if (type) eventSource.on(type, (...told) => { act(...told); }); }; // SillyTavern waits for nobody here
    on(types.CHAT_CHANGED, () => this.#opened());
    on(types.GENERATION_AFTER_COMMANDS, (type, _, isDry) => this.#begins(type, isDry));
    on(types.STREAM_TOKEN_RECEIVED, (text) => this.#streams(text));
    on(types.GENERATION_ENDED, () => this.#ends());
    on(types.GENERATION_STOPPED, () => this.#interrupted());
    on(types.MESSAGE_RECEIVED, (id, type) => this.#received(id, type));
    on(types.MESSAGE_SENT, () => this.#interrupted());
    on(types.MESSAGE_EDITED, () => this.#interrupted());
    on(types.MESSAGE_DELETED, () => this.#interrupted());
    on(types.MESSAGE_SWIPED, (id) => this.#swiped(id));
    on(types.TOOL_CALLS_PERFORMED, () => { this.#goesOn = true; });
    on(types.GROUP_MEMBER_DRAFTED, (id) => { this.#drafted = this.#context().characters[id]?.avatar ?? null; });
    on(types.GROUP_WRAPPER_FINISHED, () => { this.#drafted = null; });
    on(types.TTS_AUDIO_READY, (made) => this.#sounds(made));
    document.querySelector('#send_textarea')?.addEventListener('input', () => this.#typed());
  }

  /** File of the card that speaks, or spoke last; null where no chat is open. */
  get face() {
    const { characters, characterId, groupId, groups, chat } = this.#context();
    if (this.#drafted) return this.#drafted;
    if (!groupId) return characters[characterId]?.avatar ?? null;
    const last = chat.findLast((message) => !message.is_user && message.original_avatar);
    return last?.original_avatar ?? groups.find(({ id }) => id === groupId)?.members[0] ?? null;
  }

  /** Say something in the face that is there. */
  say(text) {
    if (this.face) this.#talker.say(this.face, text, this.#how('words'));
  }

  /** Be there again, as after it was hidden. */
  async show() {
    if (!this.face) return this.#faces.hide();
    await this.#faces.show(this.face).catch((error) => this.#tell(error.message));
  }

  async #opened() {
    this.#interrupted();
    this.#drafted = null;
    await this.show();
    const last = this.#context().chat.at(-1);
    if (last && !last.is_user && !last.is_system && !this.#talker.isBusy) this.#feels(last.mes);
  }

  #begins(type, isDry) {
    if (isDry || type === 'quiet') return;
    this.#isOurs = !SILENT.includes(type);
    this.#isStreamed = false;
    this.#reply = null;
    if (!this.#isOurs) return;
    const { chat, groupId } = this.#context();
    this.#before = type === 'continue' ? chat.at(-1)?.mes ?? '' : '';
    // In a group each member's reply begins so, and none interrupts the one before.
    if (!this.#goesOn && !groupId && type !== 'continue') this.#talker.stop();
    this.#goesOn = false;
    if (this.#settings().listens && !this.#talker.isBusy) this.#live.activity('thinking', THINKS_MS);
  }

  #streams(text) {
    if (!this.#isOurs || !this.#speaks) return;
    this.#isStreamed = true;
    this.#reply ??= { text: '', said: '', turn: this.#talker.begin(this.face, this.#how()) };
    this.#reply.text = text;
    this.#push(false);
  }

  #push(isWhole) {
    const { name1, groupId } = this.#context();
    const others = groupId ? this.#others : [];
    const own = ownPart(this.#reply.text, [name1, ...others], isWhole);
    const more = fresh(own, this.#reply.said);
    this.#reply.said += more;
    if (more) this.#reply.turn.push(more);
  }

  get #others() {
    const { characters, groups, groupId } = this.#context();
    const members = groups.find(({ id }) => id === groupId)?.members ?? [];
    return characters.filter(({ avatar }) => members.includes(avatar) && avatar !== this.face).map(({ name }) => name);
  }

  #ends() {
    if (this.#reply) {
      this.#push(true);
      this.#reply.turn.end();
      this.#reply = null;
    } else if (this.#isOurs && !this.#talker.isBusy && !this.#isStreamed) {
      this.#live.activity('idle', null);
    }
  }

  #received(id, type) {
    const message = this.#context().chat[id];
    const isWhole = WHOLE.includes(type) || !this.#isStreamed;
    this.#ends();
    if (!message || message.is_user || message.is_system) return;
    if (type === 'first_message' && !this.#settings().greetings) return;
    if (!this.#faces.isWanted()) return;
    if (this.#settings().sound === 'feelings') this.#feels(message.mes);
    if (!isWhole || !this.#speaks) return;
    const text = fresh(message.mes, this.#before) || message.mes;
    this.#before = '';
    const face = message.original_avatar ?? this.face;
    if (face && text) this.#talker.say(face, text, this.#how());
  }

  #swiped(id) {
    this.#interrupted();
    const message = this.#context().chat[id];
    const shown = message?.swipes?.[message.swipe_id]; // one that is yet to be made has no text
    if (shown) this.#feels(shown);
  }

  #interrupted() {
    this.#reply = null;
    this.#goesOn = false;
    if (this.#talker.isBusy) this.#talker.stop();
    else if (this.#live.isOn) this.#live.activity('idle', null);
  }

  #typed() {
    const now = performance.now();
    if (!this.#settings().listens || this.#talker.isBusy || now - this.#listenedAt < LISTENS_MS / 2) return;
    this.#listenedAt = now;
    this.#live.activity('listening', LISTENS_MS);
  }

  /** What SillyTavern's own voices have made is said by the avatar, and SillyTavern plays it without a sound. */
  async #sounds({ audio, mimeType }) {
    if (this.#settings().sound !== 'tavern' || !this.#live.isOn || !(audio instanceof Blob)) return;
    const $player = document.querySelector('#tts_audio');
    if ($player) $player.muted = true;
    await this.#live.play(audio, mimeType || audio.type || 'audio/mpeg').catch((error) => {
      if ($player) $player.muted = false;
      this.#tell(error.message);
    });
  }

  get #speaks() {
    return this.#faces.isWanted() && ['aloud', 'lips'].includes(this.#settings().sound);
  }

  #how(words = this.#settings().words) {
    const { voice, speed } = this.#settings();
    return { words, manner: { voice, speed: speed === 1 ? null : speed, emotion: 'auto', narration: narrationFor(words) } };
  }

  async #feels(text) {
    try {
      const emotion = await this.#faces.feeling(text.slice(0, MOST_LETTERS));
      if (emotion !== 'neutral') await this.#live.feel(emotion, FEELS, FEELS_MS);
    } catch { /* a face that stays calm is no fault worth telling */ }
  }
}
