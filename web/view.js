/**
 * /view/{avatar}?…: nothing but the avatar, for OBS browser sources, iframes, kiosks and meeting bots.
 *
 * Of this page alone: muted, subtitles, fit, size, backdrop, layout, badge, microphone, talk, access_token.
 * Told to the avatar, so that all who watch it see it, and only with a token that may: character, emotion, framing, headroom, preset.
 * With `meeting` it is the camera of a bot in a call: it listens, and shows nothing but the avatar (bare/meeting.js).
 *
 * Sound is on unless `muted` is asked for; where the browser refuses sound, the first click anywhere turns it on.
 */

import './avatar-rtc.js';
import { key } from './key.js';
import { applyWishes, wishesOf } from './bare/wishes.js';

const PAGE = new CSSStyleSheet();
PAGE.replaceSync(`
  html, body { margin: 0; block-size: 100%; background: transparent; overflow: hidden; }
  body { display: grid; place-items: end center; background: var(--behind, transparent) center / cover no-repeat; }
  avatar-rtc { display: block; inline-size: var(--size, 100%); block-size: var(--size, 100%); max-inline-size: 100%; max-block-size: 100%; aspect-ratio: auto; }
  .tellings { position: fixed; z-index: 1; inset: auto 1rem 1rem; display: grid; gap: .5rem; justify-items: center; }
  .told { margin: 0; max-inline-size: 36rem; padding: .7em 1em; border-radius: .5em; font: 500 15px/1.4 system-ui, sans-serif;
    color: #fff; background: #14162a; border-inline-start: 5px solid #ff7350; cursor: pointer; }
`);
const CAMERA = new CSSStyleSheet(); // what a person could act on is nothing for a meeting
CAMERA.replaceSync(`
  body { background-color: #181a26; }
  .tellings, avatar-rtc::part(badge), avatar-rtc::part(sound) { display: none; }
  avatar-rtc::part(canvas), avatar-rtc::part(video) { filter: none; opacity: 1; }
`);
document.adoptedStyleSheets = [PAGE];

const [root, name] = location.pathname.split('/view/');
const $tellings = Object.assign(document.createElement('div'), { className: 'tellings' });
const $avatar = document.createElement('avatar-rtc');
const avatar = name.replace(/\/$/, '');

/** Say it on the page, as nobody looks into a console behind a kiosk; a click takes it away. */
function tell(text) {
  const $told = Object.assign(document.createElement('p'), { className: 'told', textContent: text });
  $told.setAttribute('role', 'alert');
  $told.addEventListener('click', () => $told.remove());
  $tellings.append($told);
}

const wishes = wishesOf(new URLSearchParams(location.search), tell);
if (wishes.meeting) {
  wishes.layout ??= wishes.backdrop ? 'alpha' : 'matte'; // as it comes: bots rarely have WebGL
  document.adoptedStyleSheets = [PAGE, CAMERA];
  import('./bare/meeting.js').then(({ meet }) => meet($avatar, (text) => console.warn(text)));
}
if (key()) $avatar.token = key();
document.body.append($avatar, $tellings);
applyWishes($avatar, wishes, { api: `${root}/api/v1/`, avatar, tell }).finally(() => {
  $avatar.src = `${root}/api/v1/avatars/${avatar}/whep`;
});
if (!wishes.muted) {
  // Not pointerdown: with a finger, that does not yet count as the user's wish.
  addEventListener('click', () => { $avatar.muted = false; });
}
