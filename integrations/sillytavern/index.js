/** A live avatar beside SillyTavern's chat. This module puts the parts together; each of them tells what it does. */

import { AvatarServer } from './server.js';
import { Cards, advice } from './cards.js';
import { Chat } from './chat.js';
import { addCommands } from './commands.js';
import { Live } from './live.js';
import { isOpaque, laid, markFace } from './mark_face.js';
import { Panel } from './panel.js';
import { Presence } from './presence.js';
import { KEY, serverUrl, settled } from './settings.js';
import { Stage } from './stage.js';
import { Talker } from './talker.js';

const CARDS = '/characters/'; // where SillyTavern keeps the pictures of cards, as they were imported
const QUIET_MS = 10_000; // the same sentence is told once in so long
const NONE = ['none', ''];

const context = () => globalThis.SillyTavern.getContext();
const settings = () => context().extensionSettings[KEY];
const save = () => context().saveSettingsDebounced();

let isOpen = false; // whether a chat is there for the avatar to stand beside
let lastTold = { text: '', at: -Infinity };

const stage = new Stage(settings, save, { hide: () => setShown(false), silence });
const server = () => new AvatarServer(serverUrl(settings().server, location), settings().token);
const live = new Live(() => stage.element, settings, server);
const cards = new Cards({ settings, save, server, fetchCard, isOpaque, laid, ask });
const talker = new Talker({
  say: (text, manner) => live.say(text, manner),
  append: (speech, text, how) => live.append(speech, text, how),
  stop: () => live.stop(),
  face: (file) => showCard(file),
}, tell);
const chat = new Chat(context, talker, live, settings, {
  isWanted: () => settings().shown && !presence.isLeft, show: showCard, hide: closed, feeling: (text) => server().feeling(text),
}, tell);
let panel = null;

stage.onElement = (element) => {
  element.addEventListener('statechange', ({ detail }) => {
    if (detail.state !== 'live') talker.lost();
    live.changed(detail);
  });
  element.addEventListener('speech', ({ detail }) => { if (detail.type === 'speech.finished') talker.finished(detail.speech_id); });
  element.addEventListener('volumechange', () => stage.lay());
};
live.addEventListener('change', ({ detail: { state, reason } }) => panel?.told(state === 'live' ? 'Connected.' : reason || `${state} …`));

/** Show the character of a card; the stage comes with it. */
async function showCard(file) {
  isOpen = true;
  panel?.showCard();
  if (!settings().shown || presence.isLeft) return;
  stage.isShown = true;
  const character = await cards.characterOf(file).catch((error) => {
    tell(error.message); // the avatar is there all the same, with another face
    return null;
  });
  await live.show(character);
  const entry = cards.entry(file);
  stage.isFramed = character !== null && character === entry.character && entry.opaque === true;
  panel?.showCard();
}

/** No chat is open. */
function closed() {
  isOpen = false;
  stage.isShown = false;
  live.leave();
  panel?.showCard();
}

async function fetchCard(file) {
  if (NONE.includes(file)) throw new Error('this card has no picture; choose another one in the settings of the avatar');
  const response = await fetch(`${CARDS}${encodeURIComponent(file)}`);
  if (!response.ok) throw new Error(`SillyTavern answers ${response.status} for the picture of ${file}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Ask whether the picture of a card may be sent. */
function ask(file) {
  const where = new URL(server().url).host;
  const name = context().characters.find(({ avatar }) => avatar === file)?.name ?? file;
  stage.say(`Show ${name} with the picture of the card? It is sent to ${where}, without the card’s text.`, {
    'Send it': () => sendCard(file),
    'Not this one': () => { cards.note(file, { declined: true }); panel?.showCard(); },
  });
}

/** Send the picture of a card; one with a ground only with its face marked. */
async function sendCard(file, isAnew = false) {
  await attempt(async () => {
    const picture = await cards.picture(file);
    let { marks = null } = cards.entry(file);
    if ((isAnew || !marks) && await isOpaque(picture)) {
      marks = await markFace(picture, marks);
      if (!marks) return;
    }
    cards.note(file, { agreed: true, declined: false, choice: '', marks });
    stage.say('The picture is sent …');
    await refresh(file);
  });
}

async function giveCard(file, picture) {
  await attempt(async () => {
    const bytes = new Uint8Array(await picture.arrayBuffer());
    const opaque = await isOpaque(bytes);
    const marks = opaque ? await markFace(bytes) : null;
    if (opaque && !marks) return;
    stage.say('The picture is sent …');
    await cards.give(file, bytes, marks);
    await refresh(file);
  });
}

/** The character of a card is another one. */
async function refresh(file) {
  await attempt(() => showCard(file));
  stage.say('');
  const found = advice(cards.entry(file));
  if (found && cards.entry(file).character) stage.say(found, { 'All right': () => {} });
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    tell(error.message);
  }
}

/** Tell the user what went wrong. */
function tell(text) {
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
  panel?.told(sentence);
  const now = performance.now();
  if (sentence === lastTold.text && now - lastTold.at < QUIET_MS) return;
  lastTold = { text: sentence, at: now };
  globalThis.toastr.warning(sentence, 'Live avatar', { escapeHtml: true });
}

async function setShown(on) {
  settings().shown = on;
  save();
  panel?.show();
  if (on) return reconnect();
  await talker.stop();
  stage.isShown = false;
  live.leave();
}

function silence() {
  const { volume, sound } = settings();
  if (sound === 'lips') settings().sound = 'aloud';
  else settings().volume = volume > 0 ? 0 : 1;
  changed('volume', false);
  panel?.show();
}

function changed(key, isAnew) {
  save();
  if (key === 'shown') return void setShown(settings().shown);
  if (key === 'sound') {
    talker.stop();
    const $player = document.querySelector('#tts_audio');
    if ($player) $player.muted = settings().sound === 'tavern';
  }
  if (key === 'consent' || key === 'card') cards.forget();
  live.apply();
  stage.lay();
  if (isAnew) reconnect();
  else if (key === 'card' && chat.face) attempt(() => showCard(chat.face));
}

/** Connect as the settings say now. */
async function reconnect() {
  await talker.stop();
  live.forget();
  cards.forget();
  stage.say('');
  await chat.show();
  await offer();
}

/** Fill the panel with what the server has to choose from; a server that is away is told by others. */
async function offer() {
  const [voices, characters] = await Promise.all([server().voices().catch(() => []), server().characters().catch(() => [])]);
  panel?.offer({ voices, characters });
}

const presence = new Presence(document, {
  awayS: () => settings().awayS,
  isBusy: () => talker.isBusy,
  pause: (on) => { if (settings().pauses || !on) live.pause(on); },
  leave: () => live.leave(),
  come: () => { if (isOpen && settings().shown) chat.show(); },
});

async function start() {
  const { extensionSettings } = context();
  extensionSettings[KEY] = settled(extensionSettings[KEY]);
  const markup = await (await fetch(new URL('settings.html', import.meta.url))).text();
  const place = document.querySelector('#extensions_settings2') ?? document.querySelector('#extensions_settings');
  place.insertAdjacentHTML('beforeend', markup);
  panel = new Panel(place.querySelector('#avatar_rtc_settings'), settings, {
    changed, connect: reconnect, cards,
    place: () => { save(); stage.lay(); },
    card: () => chat.face,
    send: () => sendCard(chat.face, true),
    give: (picture) => giveCard(chat.face, picture),
  });
  addCommands(context(), live, chat, { show: () => setShown(true), hide: () => setShown(false), stop: () => talker.stop(), tell });
  chat.start();
  await chat.show();
  offer();
}

start().catch((error) => tell(`the extension could not start: ${error.message}`));
