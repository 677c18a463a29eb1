/** The line to speak: a text, how it is to be said, and what is being said now. */

import { request } from '../api.js';
import { voiceGroups } from '../voices.js';

const READY = 'Hello! [joy] It is good to see you.';
const NOTHING = 'First type what it is to say.';

export class SpeakCard {
  #avatar;
  #form;
  #complain;
  #announce;
  #onSpoken;
  #speechIds = new Set(); // said or waiting, as far as this page knows
  #current = null; // the one that is heard
  #emotions = '';

  /**
   * @param {HTMLFormElement} form with the elements text, voice, speed, emotion, narration, stop. @param {HTMLElement} avatar
   * an <avatar-rtc>.
   * @param {{complain: (error: Error) => void, announce: (text: string) => void, onSpoken?: () => void}} around
   *   announce: to a screen reader; onSpoken: when a text was taken.
   */
  constructor(form, avatar, { complain, announce, onSpoken = () => {} }) {
    this.#onSpoken = onSpoken;
    this.#form = form;
    this.#avatar = avatar;
    this.#complain = complain;
    this.#announce = announce;
    const { text, speed, stop } = form.elements;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#speak();
    });
    text.addEventListener('keydown', (event) => this.#onKey(event));
    text.addEventListener('input', () => this.#show());
    speed.addEventListener('input', () => this.#showSpeed());
    stop.addEventListener('click', () => this.#stop());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing && this.#speechIds.size) this.#stop();
    });
    avatar.addEventListener('speech', ({ detail }) => this.#follow(detail));
    avatar.addEventListener('avatarstate', ({ detail }) => this.#compare(detail));
    avatar.addEventListener('statechange', ({ detail }) => this.#onConnection(detail.state));
    this.#showSpeed();
    this.#begin(text);
  }

  /** A sentence stands ready, so that one press is enough; whoever comes to write replaces it. */
  #begin(text) {
    text.value = READY;
    text.addEventListener('focus', () => { if (text.value === READY) text.select(); });
  }

  async #speak() {
    const { text, voice, speed, emotion, narration } = this.#form.elements;
    if (!text.value.trim()) {
      text.focus();
      this.#tell(NOTHING, true);
      this.#announce(NOTHING);
      return;
    }
    const manner = {
      voice: voice.value, speed: speed.valueAsNumber, emotion: emotion.value || null, narration: narration.value || null,
    };
    const said = this.#avatar.say(text.value, manner);
    // The text stays, to be said once more in another voice; what is typed next replaces it.
    if (document.activeElement === text) text.select();
    try {
      this.#speechIds.add(await said);
      this.#onSpoken();
      this.#show();
    } catch (error) {
      this.#complain(error);
    }
  }

  #stop() {
    this.#avatar.stopSpeaking().catch(this.#complain);
  }

  #onKey(event) {
    // 229: Safari tells of the Enter that ends a composition only after it has ended.
    if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (!event.repeat) this.#form.requestSubmit();
  }

  #follow({ type, speech_id, text, interrupted, detail }) {
    switch (type) {
      case 'speech.started':
        this.#speechIds.add(speech_id);
        this.#current = speech_id;
        this.#announce('speaking');
        break;
      case 'speech.subtitle':
        // With the sound on, a screen reader would talk over the avatar.
        if (this.#avatar.muted) this.#announce(text);
        return;
      case 'speech.finished':
        this.#speechIds.delete(speech_id);
        if (this.#current === speech_id) this.#current = null;
        if (detail) this.#complain(new Error(detail));
        else if (!this.#speechIds.size) this.#announce(interrupted ? 'stopped speaking' : 'finished speaking');
        break;
      default:
        return;
    }
    this.#show();
  }

  /** What this viewer has missed is in the state: others may have made the avatar speak, or stopped it. */
  #compare({ speech: { speech_id }, emotions }) {
    if (speech_id === null) this.#forget();
    else if (!this.#speechIds.has(speech_id)) this.#speechIds.add(this.#current = speech_id);
    this.#listEmotions(emotions);
    this.#show();
  }

  #onConnection(state) {
    if (state === 'live') {
      this.#listVoices().catch(this.#complain);
      return;
    }
    this.#forget();
    this.#show();
  }

  #forget() {
    this.#speechIds.clear();
    this.#current = null;
  }

  #show() {
    const waiting = this.#speechIds.size - (this.#current ? 1 : 0);
    const now = this.#current ? ['speaking'] : [];
    if (waiting) now.push(this.#current ? `${waiting} waiting` : 'getting ready');
    this.#tell(now.join(', '));
    this.#form.elements.stop.disabled = !this.#speechIds.size;
  }

  #tell(text, isWish = false) {
    const $now = this.#form.querySelector('.now');
    $now.textContent = text;
    $now.classList.toggle('wish', isWish);
  }

  #showSpeed() {
    const { speed } = this.#form.elements;
    speed.nextElementSibling.textContent = `${speed.valueAsNumber.toFixed(2)} ×`;
  }

  async #listVoices() {
    const { voices, away } = await request('GET', 'voices');
    const $select = this.#form.elements.voice;
    const chosen = $select.value;
    $select.replaceChildren($select.options[0], ...voiceGroups(voices));
    $select.value = chosen;
    if ($select.selectedIndex < 0) $select.selectedIndex = 0; // its engine is away now
    const engines = Object.keys(away);
    const $away = this.#form.querySelector('.away');
    $away.hidden = !engines.length;
    $away.querySelector('summary').textContent = `More voices can be set up: ${engines.join(', ')}`;
    $away.querySelector('ul').replaceChildren(...engines.map((engine) => reason(engine, away[engine])));
  }

  #listEmotions(emotions) {
    if (emotions.join() === this.#emotions) return; // a list that is open must not be replaced
    this.#emotions = emotions.join();
    this.#form.elements.emotion.querySelector('optgroup').replaceChildren(...emotions.map((name) => new Option(name)));
  }
}

function reason(engine, why) {
  const textContent = why.startsWith(engine) ? why : `${engine}: ${why}`;
  return Object.assign(document.createElement('li'), { textContent });
}
