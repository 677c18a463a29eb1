/**
 * /view/{avatar}?muted&fit=cover: nothing but the avatar, for OBS browser sources and iframes.
 *
 * Sound is on unless `muted` is asked for; where the browser refuses sound, the first click turns it on.
 */

import './avatar-rtc.js';

const PAGE = new CSSStyleSheet();
PAGE.replaceSync(`
  html, body { margin: 0; block-size: 100%; background: transparent; overflow: hidden; }
  avatar-rtc { display: block; inline-size: 100%; block-size: 100%; aspect-ratio: auto; }
`);
document.adoptedStyleSheets = [PAGE];

const query = new URLSearchParams(location.search);
const [root, name] = location.pathname.split('/view/');
const $avatar = document.createElement('avatar-rtc');
$avatar.muted = query.has('muted') && query.get('muted') !== '0';
$avatar.fit = query.get('fit') ?? 'contain';
$avatar.src = `${root}/api/v1/avatars/${name.replace(/\/$/, '')}/whep`;
$avatar.addEventListener('volumechange', () => {
  addEventListener('pointerdown', () => { $avatar.muted = false; }, { once: true });
});
document.body.append($avatar);
