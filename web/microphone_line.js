/**
 * A viewer's own sound on its connection: wanted once, and asked for anew on every attempt.
 *
 *   set(mode, track) ─► microphone.set ─► ok ─► the track is put in    no new connection; nothing is heard before
 *                            └─► an older server does not know it ─► `?microphone=true`, the track in a new offer;
 *                                                                    it can only speak through the avatar
 */

const UNKNOWN = /message type/; // what an older server says of microphone.set

export class MicrophoneLine {
  #send;
  #reconnect;
  #sender = null; // of the present attempt
  #transceiver = null;
  #mode = 'off';
  #track = null;
  #isInOffer;

  /**
   * @param {{send: (message: object) => Promise, reconnect: () => void}} connection
   * @param {?MediaStreamTrack} track that is to be spoken from the start.
   */
  constructor({ send, reconnect }, track) {
    this.#send = send;
    this.#reconnect = reconnect;
    this.#isInOffer = false;
    if (track) [this.#mode, this.#track] = ['speak', track];
  }

  /** Whether the offer has to say that the sound is to be spoken. */
  get isOffered() { return this.#isInOffer && this.#mode === 'speak'; }

  /** Whether the server lets this viewer send sound; false until it has answered. */
  get isTaken() { return this.#transceiver?.currentDirection?.startsWith('send') ?? false; }

  /** Offer the sound of both on a new connection. @param {boolean} isOurs a server of ours, which knows the message. */
  offer(pc, isOurs) {
    if (!isOurs) this.#isInOffer = true;
    const track = this.isOffered ? this.#track : null;
    const direction = track || isOurs ? 'sendrecv' : 'recvonly';
    this.#transceiver = pc.addTransceiver(track ?? 'audio', { direction });
    this.#sender = this.#transceiver.sender;
  }

  /** The attempt is over; what is wanted stays. */
  lose() {
    this.#sender = this.#transceiver = null;
  }

  /** The server can be asked now. @returns {Promise<string>} as `set`. */
  resume() {
    return this.#mode === 'off' || this.#isInOffer ? Promise.resolve(this.#mode) : this.#ask();
  }

  /** Want none any more, and tell nobody. */
  drop() {
    this.#mode = 'off';
    this.#track = null;
    this.#isInOffer = false;
  }

  /**
   * @param {'speak'|'listen'|'off'} mode @param {?MediaStreamTrack} track
   * @returns {Promise<string>} what the server makes of it; rejects with its sentence, and the mode is `off` then.
   */
  async set(mode, track) {
    const wasOffered = this.isOffered;
    const sender = this.#sender;
    this.#mode = mode;
    this.#track = mode === 'off' ? null : track;
    if (mode === 'off') {
      await sender?.replaceTrack(null); // first of all: from now on nothing more is heard
      if (wasOffered) this.#offerAnew();
      else if (sender) await this.#send({ type: 'microphone.set', mode }).catch(() => {}); // nothing goes out anyway
      return mode;
    }
    if (this.#isInOffer) return this.#speak(wasOffered);
    return sender ? this.#ask() : mode;
  }

  async #ask() {
    const [sender, mode, track] = [this.#sender, this.#mode, this.#track];
    const isOld = () => sender !== this.#sender || mode !== this.#mode || track !== this.#track;
    try {
      await this.#send({ type: 'microphone.set', mode });
      if (!isOld()) await sender.replaceTrack(track);
    } catch (error) {
      if (isOld()) return this.#mode; // what came after has its own answer
      if (UNKNOWN.test(error.message)) return this.#speak(false);
      this.drop();
      await sender.replaceTrack(null);
      throw error;
    }
    return this.#mode;
  }

  /** Where it has to stand in the offer. */
  async #speak(isOffered) {
    this.#mode = 'speak';
    this.#isInOffer = true;
    if (isOffered) await this.#sender?.replaceTrack(this.#track);
    else this.#reconnect();
    return 'speak';
  }

  #offerAnew() {
    this.#isInOffer = false;
    this.#reconnect();
  }
}
