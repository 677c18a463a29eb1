/**
 * The avatar that is shown: made on the server if it is this tab's own, connected by <avatar-rtc>, given another character when
 * somebody else speaks. Methods wait until it is there; they reject with a sentence.
 */

const OWN = 'avatar-rtc:own'; // in the session's storage: the name of this tab's avatar, which outlives a reload
const MISSED_MS = 3_000; // between two looks whether it is still there

export class Live extends EventTarget {
  #element;
  #settings;
  #server;
  #character = undefined; // shown now; null is the server's own, undefined is not known
  #ready = null; // promise of the connection that is wanted, null while none is
  #lookedAt = -Infinity;
  #isPaused = false;
  #era = 0; // grows with every leave
  #wanted = null; // the character that was asked for last
  #isMaking = false; // one of one's own, which is gone meanwhile

  /**
   * @param {() => AvatarRtcElement} element once it is defined. @param {() => object} settings @param {() => AvatarServer} server
   */
  constructor(element, settings, server) {
    super();
    this.#element = element;
    this.#settings = settings;
    this.#server = server;
  }

  /** Whether it is there or on its way. */
  get isOn() { return this.#ready !== null; }

  /** Whether it is nobody else's. */
  get isOwn() { return !this.#settings().avatar; }

  get name() { return this.#settings().avatar || ownName(); }

  get state() { return this.isOn ? this.#element()?.avatarState ?? null : null; }

  /**
   * Be there with this character.
   * @param {?string} character null is the server's own. @returns {Promise}
   */
  show(character) {
    const before = this.#ready ?? Promise.resolve();
    const era = this.#era;
    this.#wanted = character;
    const mine = before.catch(() => {}).then(() => this.#show(character, () => era !== this.#era));
    this.#ready = mine;
    mine.catch(() => { if (this.#ready === mine) this.#ready = null; });
    return mine;
  }

  /** Be gone; what the avatar was told stays on the server for a while. */
  leave() {
    this.#era += 1;
    this.#ready = null;
    this.#element()?.close?.();
    this.#element()?.removeAttribute('src');
  }

  /** Forget what was found out: the server, the token or the avatar is another. */
  forget() {
    this.leave();
    this.#character = undefined;
  }

  /** Let the picture stand still while nobody looks. Others who watch a shared avatar go on. */
  pause(on) {
    this.#isPaused = on && this.isOwn;
    if (this.isOn && this.isOwn) this.#element()?.setPaused(on).catch(() => {});
  }

  async say(text, manner) { return (await this.#there()).say(text, manner); }

  async append(speech, text, how) { return (await this.#there()).appendSpeech(speech, text, how); }

  async stop() { if (this.isOn) await (await this.#there()).stopSpeaking(); }

  async feel(emotion, strength, holdMs) { return (await this.#there()).setEmotion(emotion, strength, { holdMs }); }

  async gesture(name, strength) { return (await this.#there()).playGesture(name, { strength }); }

  async look(target) { return (await this.#there()).setGaze(target); }

  /** Show that it listens or thinks; nothing is lost where it is not there. */
  async activity(name, holdMs) {
    if (this.isOn) await this.#there().then((element) => element.setActivity(name, { holdMs })).catch(() => {});
  }

  /** Speak a sound of somebody else's. @param {Blob} sound */
  async play(sound, type) {
    await this.#there();
    return this.#server().play(this.name, sound, type);
  }

  /** What the settings say of sound and picture. */
  apply() {
    const [element, { volume, sound, subtitles, framing, token }] = [this.#element(), this.#settings()];
    if (!element) return;
    element.volume = volume;
    element.muted = sound === 'lips' || volume === 0;
    element.subtitles = subtitles;
    if (element.framing !== framing) element.framing = framing;
    if (element.token !== token) element.token = token;
  }

  async #there() {
    if (!this.#ready) throw new Error('the avatar is hidden; /avatar-show brings it back');
    await this.#ready;
    return this.#element();
  }

  async #show(character, isOver) {
    const server = this.#server();
    await server.loadElement();
    if (isOver()) return;
    const element = this.#element();
    if (this.isOwn) {
      this.#isMaking = true;
      await this.#makeOwn(server, character).finally(() => { this.#isMaking = false; });
    }
    if (!this.isOwn && character && character !== this.#character) await server.cast(this.name, character);
    if (isOver()) return;
    this.#character = character;
    this.apply();
    const src = server.whep(this.name);
    if (element.src !== src || ['closed', 'failed'].includes(element.state)) element.src = src;
    if (this.isOwn && !this.#isPaused) element.setPaused(false).catch(() => {}); // it may have been left standing still
  }

  async #makeOwn(server, character) {
    const { animator } = this.#settings();
    const isThere = this.#character !== undefined;
    if (isThere && character === this.#character) return;
    if (isThere && character !== null) return void await server.cast(this.name, character);
    if (isThere) await server.remove(this.name); // its server's own character has no name that is good everywhere
    const made = await server.make(this.name, { character, animator });
    if (character !== null && made.character !== character) await server.cast(this.name, character);
  }

  /** To be called when the element tells another state: an avatar of one's own that the server forgot is made again. */
  async changed({ state, reason }) {
    this.dispatchEvent(new CustomEvent('change', { detail: { state, reason } }));
    const now = performance.now();
    if (!['retrying', 'failed'].includes(state) || !this.isOwn || !this.isOn || this.#isMaking || now - this.#lookedAt < MISSED_MS) return;
    this.#lookedAt = now;
    const isGone = await this.#server().avatar(this.name).then(() => false, (error) => error.status === 404);
    if (!isGone || !this.isOn || this.#isMaking) return;
    this.#character = undefined;
    await this.show(this.#wanted).catch(() => {});
  }
}

/** The name of this tab's own avatar, which nobody guesses. */
function ownName() {
  let name = sessionStorage.getItem(OWN);
  if (!name) {
    const digits = crypto.getRandomValues(new Uint32Array(4));
    name = `tavern-${[...digits].map((each) => each.toString(36)).join('')}`;
    sessionStorage.setItem(OWN, name);
  }
  return name;
}
