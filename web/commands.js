/** What an avatar can be told to do, as methods of an element. What they return rejects with the server's words. */

const Base = globalThis.HTMLElement ?? class {}; // a server that renders pages has no elements

/** The base of <avatar-rtc>; whoever extends it has a `connection`, an AvatarConnection or null. */
export class AvatarCommands extends Base {
  /**
   * Show an emotion.
   * @param {string|Object<string, number>} emotion a name, or weights (0..1) of several. @param {number} intensity 0..1
   * @param {{holdMs?: ?number}} how holdMs: back to the avatar's default emotion after so long, null stays.
   */
  setEmotion(emotion, intensity = 1, { holdMs = null } = {}) {
    const what = typeof emotion === 'string' ? { name: emotion } : { weights: emotion };
    return this.#send({ type: 'emotion.set', ...what, intensity, hold_ms: holdMs });
  }

  /**
   * Make a gesture once, such as `nod`, over all that moves by itself.
   * @param {string} name one of the state's `gestures`. @param {{strength?: number}} how 0..1
   * @returns {Promise<number>} how many seconds it takes.
   */
  async playGesture(name, { strength = 1 } = {}) {
    return (await this.#send({ type: 'gesture.play', name, strength })).seconds;
  }

  /**
   * Give the avatar gestures of its own, over the factory's.
   * @param {Object<string, {tracks: Object<string, number[][]>}>} gestures name → morph or cel → `[[seconds, value], …]`; `{}` are
   *   the factory's again.
   * @returns {Promise<string[]>} the names of its own.
   */
  async setGestures(gestures) { return (await this.#send({ type: 'gestures.set', gestures })).gestures; }

  /**
   * Show what the avatar is doing; that it speaks it shows by itself.
   * @param {'idle'|'listening'|'thinking'|'speaking'} name @param {{holdMs?: ?number}} how holdMs: idle again after so long, null stays.
   */
  setActivity(name, { holdMs = null } = {}) { return this.#send({ type: 'activity.set', name, hold_ms: holdMs }); }

  /**
   * Tell how loud somebody talks to the avatar, up to 60 times a second: for pages that listen themselves. Where
   * `setMicrophone` listens, the server does it.
   * @param {number} level 0 is silence, 1 a loud voice. @param {boolean} voice whether it is a voice, and not another sound.
   */
  setHearing(level, voice = true) { return this.#send({ type: 'hearing.set', level, voice }); }

  /**
   * Hold morphs and cels at these values, over everything else, and let go of all others.
   * @param {Object<string, number>} values morph (`mouth_aaa`) or cel (`blush1`) → value. `{}` lets go of all.
   * @returns {Promise<Object<string, number>>} what is held now.
   */
  async setOverrides(values) { return (await this.#send({ type: 'overrides.set', overrides: values })).overrides; }

  /**
   * Hold some more morphs and cels, or let go of some.
   * @param {Object<string, ?number>} values null lets go.
   * @returns {Promise<Object<string, number>>} what is held now.
   */
  async patchOverrides(values) { return (await this.#send({ type: 'overrides.patch', overrides: values })).overrides; }

  /**
   * Replace the animator's settings; what is not named gets its default.
   * @param {object} values as in GET /api/v1/settings/schema.
   * @returns {Promise<object>} all settings.
   */
  async setSettings(values) { return (await this.#send({ type: 'settings.set', settings: values })).settings; }

  /**
   * Change some settings.
   * @param {object} values those that change.
   * @returns {Promise<object>} all settings.
   */
  async patchSettings(values) { return (await this.#send({ type: 'settings.patch', settings: values })).settings; }

  /**
   * Look somewhere until told otherwise.
   * @param {'viewer'|'away'|{x: number, y: number}|null} target a point in -1..1 of the picture as it is seen, y up: the
   *   middle is the viewer; null looks about by itself.
   */
  setGaze(target) { return this.#send({ type: 'gaze.set', target }); }

  /** Open and close the mouth at random, for sound the server does not know of. @param {boolean} on */
  setTalking(on) { return this.#send({ type: 'talking.set', on }); }

  /** Let the picture stand still; nothing is rendered meanwhile. @param {boolean} on */
  setPaused(on) { return this.#send({ type: 'pause.set', on }); }

  /**
   * Hold the avatar still in exactly this pose, for all who watch.
   * @param {?Object<string, number>} values morph or cel → value, what is not named is 0; null lets it live on.
   * @returns {Promise<?Object<string, number>>} what is held now.
   */
  async setStill(values) { return (await this.#send({ type: 'still.set', values })).still; }

  /** Let data run through the eyes, to tell that a tool is at work; off lets them fade. @param {boolean} on */
  setDataEyes(on) { return this.#send({ type: 'data_eyes.set', on }); }

  /**
   * Show the face, the bust or the whole picture; a crop that is on goes off.
   * @param {'face'|'bust'|'whole'|null} name null is the character's own.
   * @param {{headroom?: ?number}} how headroom: free above the head, 0..1 of the picture; null is as the framing wants it.
   * @returns {Promise<object>} the framing as it is now.
   */
  async setFraming(name, { headroom = null } = {}) {
    return (await this.#send({ type: 'framing.set', name, headroom })).framing;
  }

  /**
   * Show a part of the picture, in the place of the framing.
   * @param {{enabled?: boolean, left?: number, top?: number, right?: number, bottom?: number}} crop edges as shares of
   *   width and height, an edge that is not named is the picture's own; enabled: false is the framing again,
   *   and keeps the edges for later.
   * @returns {Promise<object>} the crop as it is now.
   */
  async setCrop(crop) { return (await this.#send({ type: 'crop.set', ...crop })).crop; }

  /** @param {Array} chain operations on the picture, `[[name, {params}], …]` */
  setChain(chain) { return this.#send({ type: 'chain.set', chain }); }

  /**
   * What stands behind the avatar in video without transparency: calls, plain players, files.
   * @param {{name?: ?string, colour?: string, fit?: string, blur?: number, chain?: Array|string|null}} backdrop name: of
   *   GET /api/v1/backdrops, null is the plain colour; colour: #rrggbb; fit: cover | contain; blur: px of 512;
   *   chain: its own, or "shared" for the avatar's over the whole scene.
   */
  setBackdrop(backdrop) { return this.#send({ type: 'backdrop.set', ...backdrop }); }

  /**
   * Speak a text, after what is being said already.
   * @param {string} text may hold tags such as [joy].
   * @param {{voice?: string, speed?: ?number, emotion?: ?string, narration?: ?string, more?: boolean}} manner voice: "" is the character's
   *   own; speed: 0.5..2, null as the server is set up; emotion: a name, "auto" to read it from the text, null for tags alone;
   *   narration: "act", "skip" or "speak" what stands as *waves slowly*, null as the server is set up; more: true if
   *   text follows by `appendSpeech`.
   * @returns {Promise<string>} the speech id, that of its `speech` events.
   */
  async say(text, { voice = '', speed = null, emotion = null, narration = null, more = false } = {}) {
    return (await this.#send({ type: 'speech.say', text, voice, speed, emotion, narration, more })).speech_id;
  }

  /** More text of a speech that was begun with `more`, the last of it if there is none. */
  appendSpeech(speechId, text, { more = true } = {}) {
    return this.#send({ type: 'speech.append', speech_id: speechId, text, more });
  }

  /** Fall silent at once: everything that is and was to be said, or one speech. */
  stopSpeaking(speechId = null) { return this.#send({ type: 'speech.stop', speech_id: speechId }); }

  /** Move the mouth for an audio of your own; t_ms is your clock. @returns whether the cue was sent. */
  sendCue(t_ms, visemes) { return this.connection?.sendCue(t_ms, visemes) ?? false; }

  /**
   * A pose for now, such as a face tracker's; up to 60 a second, the newest wins. Half a second after the last one the
   * avatar lives on by itself. One that the server cannot take is told by the event `refusal`.
   * @param {{morphs?: Object<string, number>, blendshapes?: Object<string, number>, head?: number[]}} pose morphs: ours;
   *   blendshapes: ARKit's or MediaPipe's 52, each 0..1; head, with them: yaw, pitch, roll in degrees. Of both, morphs win.
   * @param {number} tMs your clock. @returns {boolean} whether it was sent.
   */
  sendPose({ morphs, blendshapes, head }, tMs = performance.now()) {
    return this.connection?.sendPose(tMs, { morphs, blendshapes, head }) ?? false;
  }

  /** @returns {Promise<object>} the answer, with `round_trip_ms` through the avatar and `t_ms`, its media clock. */
  async ping() {
    const start = performance.now();
    const answer = await this.#send({ type: 'ping' });
    return { ...answer, round_trip_ms: performance.now() - start };
  }

  #send(message) {
    return this.connection?.send(message) ?? Promise.reject(new Error('not connected'));
  }
}
