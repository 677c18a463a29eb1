/** Talking to the avatar: by a button, or by the space bar where nothing else wants it; it listens, or repeats what it hears. */

import { PressToTalk } from '../press_to_talk.js';

const BEFORE = {
  listen: 'It listens, and falls silent when you begin. Programs that answer for it hear you, others who watch do not.',
  speak: 'It repeats what you say, to all who watch; your own sound is off meanwhile.',
};
const NOW = {
  asking: 'Waiting for the microphone: allow it in the browser.',
  listen: 'Programs that answer for it hear you, others who watch do not.',
  speak: 'It repeats what you say, to all who watch; your own sound is off meanwhile.',
};
const TOLD = { listen: 'It listens to you.', speak: 'It repeats what you say.', off: 'The microphone is off.' };
const CONTROLS = 'a, button, input, select, textarea, summary, video, [contenteditable], [tabindex]';

export class TalkCard {
  #root;
  #button;
  #avatar;
  #devices;
  #around;
  #press;
  #doing = 'off';

  /**
   * @param {HTMLElement} root with a button, the radio buttons `ears` and a line. @param {HTMLElement} avatar
   * @param {{$devices: HTMLSelectElement, complain: (error: Error) => void, announce: (text: string) => void, onTalk: () => void,
   *   hasShortcuts: () => boolean}} around
   */
  constructor(root, avatar, around) {
    this.#root = root;
    this.#button = root.querySelector('button');
    this.#avatar = avatar;
    this.#around = around;
    this.#devices = around.$devices;
    this.#press = new PressToTalk(this.#button, avatar, {
      mode: () => this.#mode,
      device: () => this.#devices.value,
      show: (doing) => this.#show(doing),
      complain: around.complain,
    });
    const change = () => {
      if (this.#doing !== 'off') this.#press.begin(); // while it asks, too: by what was chosen last
      else this.#write();
    };
    root.addEventListener('change', change);
    this.#devices.addEventListener('change', change);
    avatar.addEventListener('statechange', () => this.#offer());
    avatar.addEventListener('hearing', ({ detail }) => this.#hear(detail));
    navigator.mediaDevices?.addEventListener('devicechange', () => { if (this.#doing !== 'off') this.#listDevices(); });
    document.addEventListener('keydown', (event) => this.#onSpace(event));
    document.addEventListener('keyup', ({ code }) => { if (code === 'Space') this.#press.release(); });
    this.#write();
  }

  get #mode() { return this.#root.querySelector('[type=radio]:checked').value; }

  /** Only to those whom the server lets talk. */
  #offer() {
    if (this.#avatar.state === 'live') this.#root.hidden = !this.#avatar.canTalk;
  }

  #onSpace(event) {
    if (event.code !== 'Space' || event.repeat || this.#root.hidden || !this.#around.hasShortcuts()) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.(CONTROLS)) return;
    event.preventDefault(); // it would scroll
    this.#press.press();
  }

  #show(doing) {
    if (doing === this.#doing) return;
    this.#doing = doing;
    this.#root.dataset.doing = doing;
    delete this.#root.dataset.voice;
    this.#write();
    if (TOLD[doing]) this.#around.announce(TOLD[doing]);
    if (doing === 'listen' || doing === 'speak') {
      this.#around.onTalk();
      this.#listDevices();
    }
  }

  #write() {
    this.#root.querySelector('.heard').textContent = NOW[this.#doing] ?? BEFORE[this.#mode];
    this.#button.querySelector('b').textContent = this.#doing === 'off' ? 'Talk' : 'Stop talking';
  }

  /** Whether the server takes what it hears for a voice. */
  #hear({ type, voice }) {
    const isVoice = type === 'hearing.started' || (type === 'hearing.level' && voice);
    this.#root.toggleAttribute('data-voice', isVoice);
  }

  async #listDevices() {
    const { listDevices } = await import('../devices.js');
    const devices = await listDevices('microphone').catch(() => []);
    const { value } = this.#devices;
    this.#devices.replaceChildren(new Option('the usual', ''), ...devices.map(({ deviceId, label }) => new Option(label, deviceId)));
    this.#devices.value = devices.some(({ deviceId }) => deviceId === value) ? value : '';
    this.#devices.parentElement.hidden = devices.length < 2;
  }
}
