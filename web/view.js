/**
 * /view/{avatar}?muted&subtitles&fit=cover&framing=bust&access_token=…: nothing but the avatar, for OBS browser sources and iframes.
 *
 * Sound is on unless `muted` is asked for; where the browser refuses sound, the first click anywhere turns it on.
 */

import './avatar-rtc.js';
import { key } from './key.js';

const PAGE = new CSSStyleSheet();
PAGE.replaceSync(`
  html, body { margin: 0; block-size: 100%; background: transparent; overflow: hidden; }
  avatar-rtc { display: block; inline-size: 100%; block-size: 100%; aspect-ratio: auto; }
`);
document.adoptedStyleSheets = [PAGE];

const query = new URLSearchParams(location.search);
const [root, name] = location.pathname.split('/view/');
const $avatar = document.createElement('avatar-rtc');
const isAsked = (name) => query.has(name) && query.get(name) !== '0';
$avatar.muted = isAsked('muted');
$avatar.subtitles = isAsked('subtitles');
$avatar.fit = query.get('fit') ?? 'contain';
for (const name of ['framing', 'headroom']) {
  if (query.has(name)) $avatar[name] = query.get(name);
}
if (key()) $avatar.token = key();
$avatar.src = `${root}/api/v1/avatars/${name.replace(/\/$/, '')}/whep`;
if (!$avatar.muted) {
  // Not pointerdown: with a finger, that does not yet count as the user's wish.
  addEventListener('click', () => { $avatar.muted = false; });
}
document.body.append($avatar);
