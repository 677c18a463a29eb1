/** What the user has chosen, as SillyTavern keeps it: read leniently, so that a file of another version costs nothing. */

export const KEY = 'avatar_rtc';

/** What a reply becomes. */
export const SOUNDS = ['aloud', 'lips', 'tavern', 'feelings'];
/** Which words of it. */
export const WORDS = ['words', 'quotes', 'all'];
/** When a card's picture may be sent. */
export const CONSENTS = ['ask', 'always', 'never'];
export const ANIMATORS = ['', 'auto', 'student', 'tha3', 'static'];
export const FRAMINGS = ['face', 'bust', 'whole'];
const SPEED = [0.5, 2];
const VOLUME = [0, 1];
const AWAY_S = [0, 3_600];
const SIZE_PX = [96, 1_200];
const PORT = 8080;

const CHOICES = { sound: SOUNDS, words: WORDS, consent: CONSENTS, animator: ANIMATORS, framing: FRAMINGS };
const RANGES = { speed: SPEED, volume: VOLUME, awayS: AWAY_S };
const TEXTS = ['server', 'token', 'avatar', 'voice'];

/** Where the avatar stands: which edge, how far from it and from the foot as shares of the free room, and its side in px; 0 is what is free beside the chat. */
export const PLACES = Object.freeze({
  wide: Object.freeze({ side: 'left', across: 0, up: 0, size: 0 }),
  narrow: Object.freeze({ side: 'right', across: 0.5, up: 1, size: 180 }),
});

export const DEFAULTS = Object.freeze({
  shown: true,
  server: '', // '' is the machine that SillyTavern runs on
  token: '',
  avatar: '', // '' is one of this tab's own
  animator: '', // '' is the server's
  framing: 'bust',
  sound: 'aloud',
  words: 'words',
  voice: '', // '' is the character's own
  speed: 1,
  volume: 1,
  greetings: true,
  subtitles: false,
  listens: true,
  through: false, // clicks go through the picture
  pauses: true,
  awayS: 300,
  consent: 'ask',
  place: PLACES,
  cards: Object.freeze({}), // file of a card → see cards.js
});

/** The settings that a kept value means; what is not usable in it is the default. */
export function settled(kept) {
  const given = isObject(kept) ? kept : {};
  const found = { ...DEFAULTS };
  for (const [key, usual] of Object.entries(DEFAULTS)) if (typeof usual === 'boolean' && typeof given[key] === 'boolean') found[key] = given[key];
  for (const [key, known] of Object.entries(CHOICES)) if (known.includes(given[key])) found[key] = given[key];
  for (const [key, range] of Object.entries(RANGES)) found[key] = within(given[key], range, DEFAULTS[key]);
  for (const key of TEXTS) if (typeof given[key] === 'string') found[key] = given[key].trim();
  const place = isObject(given.place) ? given.place : {};
  found.place = { wide: placed(place.wide, PLACES.wide), narrow: placed(place.narrow, PLACES.narrow) };
  found.cards = isObject(given.cards) ? Object.fromEntries(Object.entries(given.cards).filter(([, card]) => isObject(card))) : {};
  return found;
}

/** A place that can be, from a kept one. */
export function placed(kept, usual) {
  const given = isObject(kept) ? kept : {};
  return {
    side: ['left', 'right'].includes(given.side) ? given.side : usual.side,
    across: within(given.across, [0, 1], usual.across),
    up: within(given.up, [0, 1], usual.up),
    size: given.size === 0 ? 0 : within(given.size, SIZE_PX, usual.size),
  };
}

/**
 * The origin of the avatar server.
 * @param {string} server what the user wrote; '' is the machine of this page, and then a phone finds it, too.
 * @param {{hostname: string, protocol: string}} page
 * @throws {Error} it is no address.
 */
export function serverUrl(server, page) {
  const written = server.trim();
  if (!written) return `http://${page.hostname}:${PORT}`;
  const example = `such as http://127.0.0.1:${PORT}`;
  let url;
  try {
    url = new URL(/^[a-z]+:\/\//i.test(written) ? written : `http://${written}`);
  } catch {
    throw new Error(`“${written}” is no address of a server; wanted is one ${example}`);
  }
  if (!['http:', 'https:'].includes(url.protocol)) throw new Error(`the address of the server begins with ${url.protocol}; wanted is one ${example}`);
  if (url.username || url.password) throw new Error('the address of the server holds a name or password; a token has a field of its own');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function within(value, [least, most], usual) {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : usual;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
