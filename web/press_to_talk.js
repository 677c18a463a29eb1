/**
 * A button that one talks by: a short press begins and the next one ends, a long one talks as long as it lasts.
 * By finger, pointer and key, and by programs that press for somebody.
 */

const HOLD_MS = 400; // a press that lasts longer is held
const DB = { silent: -60, loud: -12 }; // the ends of the meter
const RISE = 0.5; // of the way, for each picture: a meter that leaps cannot be read
const FALL = 0.12;

export class PressToTalk {
  #button;
  #avatar;
  #mode;
  #device;
  #show;
  #complain;
  #since = 0; // when the press began, 0 outside of one
  #endsIt = false; // the press that lasts now
  #isAsking = false; // the browser, or the server
  #wishes = 0; // an older one ends when a newer one comes
  #isMuted = false; // the avatar, by this
  #isMetering = false;

  /**
   * @param {HTMLElement} $button shows how loud it is by --level, 0..1. @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {{mode: () => string, device?: () => string, show: (doing: string) => void, complain: (error: Error) => void}} around
   *   mode: what a press begins, listen or speak; device: by which one, '' is the browser's choice; show: off, asking, listen or speak, whenever that is another.
   */
  constructor($button, avatar, { mode, device = () => '', show, complain }) {
    this.#button = $button;
    this.#avatar = avatar;
    this.#mode = mode;
    this.#device = device;
    this.#show = show;
    this.#complain = complain;
    $button.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      $button.setPointerCapture(event.pointerId); // a finger may slide off
      this.press();
    });
    for (const end of ['pointerup', 'pointercancel', 'blur']) $button.addEventListener(end, () => this.release());
    $button.addEventListener('keydown', (event) => {
      if (![' ', 'Enter'].includes(event.key)) return;
      event.preventDefault(); // no click besides
      if (!event.repeat) this.press();
    });
    $button.addEventListener('keyup', ({ key }) => { if ([' ', 'Enter'].includes(key)) this.release(); });
    $button.addEventListener('contextmenu', (event) => event.preventDefault()); // of a finger that rests
    $button.addEventListener('click', ({ detail }) => {
      if (detail !== 0) return; // of a pointer, which was heard already
      this.press();
      this.release();
    });
    avatar.addEventListener('microphonechange', ({ detail }) => {
      if (detail.reason) complain(new Error(detail.reason));
      this.#draw();
    });
  }

  /** off | asking | listen | speak */
  get doing() { return this.#isAsking ? 'asking' : this.#avatar.microphoneMode; }

  /** As a press of the button: another key does the same. */
  press() {
    if (this.#since) return;
    this.#since = performance.now();
    this.#endsIt = this.doing !== 'off';
    if (!this.#endsIt) this.begin();
  }

  release() {
    if (!this.#since) return;
    const isHeld = performance.now() - this.#since > HOLD_MS;
    this.#since = 0;
    if (this.#endsIt || isHeld) this.end();
  }

  /** Talk, or go on in another mode or by another device. */
  async begin() {
    const wish = ++this.#wishes;
    this.#isAsking = this.#avatar.microphoneMode === 'off';
    this.#draw();
    try {
      await this.#avatar.setMicrophone(this.#mode(), { device: this.#device() });
    } catch (error) {
      if (wish === this.#wishes) this.#complain(error);
    }
    if (wish !== this.#wishes) return;
    this.#isAsking = false;
    this.#draw();
  }

  end() {
    this.#isAsking = false;
    this.#avatar.setMicrophone('off');
    this.#draw();
  }

  #draw() {
    const { doing } = this;
    this.#mute(doing === 'speak');
    this.#button.setAttribute('aria-pressed', String(doing !== 'off'));
    this.#show(doing);
    if (!this.#isMetering && this.#avatar.microphoneDb !== null) this.#meter(0);
  }

  /** Nobody can talk who hears itself half a second later. */
  #mute(isSpeaking) {
    if (isSpeaking && !this.#avatar.muted) this.#isMuted = this.#avatar.muted = true;
    else if (!isSpeaking && this.#isMuted) this.#isMuted = this.#avatar.muted = false;
  }

  #meter(shown) {
    const db = this.#avatar.microphoneDb;
    const share = Math.max(0, Math.min(1, ((db ?? DB.silent) - DB.silent) / (DB.loud - DB.silent)));
    const level = db === null ? 0 : shown + (share > shown ? RISE : FALL) * (share - shown);
    this.#button.style.setProperty('--level', level.toFixed(3));
    this.#isMetering = db !== null;
    if (this.#isMetering) requestAnimationFrame(() => this.#meter(level));
  }
}
