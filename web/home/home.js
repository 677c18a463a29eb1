/** The live page: wires its controls to one <avatar-rtc> and the HTTP interface. */

import '../avatar-rtc.js';
import { address, asked, newest, request } from '../api.js';
import { EmotionSheet } from '../emotion_sheet.js';
import { FramingChoice } from '../framing_choice.js';
import { key } from '../key.js';
import { RecordCard } from '../record_card.js';
import { openStudio } from '../studio.js';
import { lookAtMeSwitch } from '../tracking/look_at_me.js';
import { Background } from './background.js';
import { Cast } from './cast.js';
import { Doing } from './doing.js';
import { FirstMinute } from './first_minute.js';
import { GestureRow } from './gesture_row.js';
import { LifeCard } from './life_card.js';
import { closeAsMenu } from './menu.js';
import { Note } from './note.js';
import { OwnPicture } from './own_picture.js';
import { PluginQuestion } from './plugin_question.js';
import { Readouts } from './readouts.js';
import { SharePanel } from './share_panel.js';
import { SpeakCard } from './speak_card.js';
import { TalkCard } from './talk_card.js';

const MEASURE_MS = 1_000;
const REVOKE_MS = 10_000;
const ANIMATORS = { student: 'a network of its own', tha3: 'the general network, THA3', static: 'plain drawing of mouth and lids' };
const DEVICES = { cpu: 'the processor', cuda: 'the graphics card', mps: 'the graphics chip' };

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const { $avatar, id, path, announce, complain } = openStudio();
const $stage = $('stage');
const $intensity = $('intensity');

const setEmotion = newest((weights, intensity, how) => $avatar.setEmotion(weights, intensity, how), complain);
const sheet = new EmotionSheet($('faces'), (names) => {
  sendEmotion(names);
  announce(names.join(', '));
});
const gestures = new GestureRow($('gestures'), (name) => {
  $avatar.playGesture(name, { strength: $intensity.valueAsNumber }).catch(complain);
  announce(name.replaceAll('_', ' '));
});
const life = new LifeCard($('life'), $avatar, { stage: $stage, complain });
const framing = new FramingChoice($('framings'), (name) => $avatar.setFraming(name), {
  complain, announce, hasShortcuts: () => sheet.hasShortcuts,
});
let madeAt = null; // {px, why} of the picture, as the server says
const readouts = new Readouts($('readouts'));
const background = new Background($('background'), $avatar, { stage: $stage, complain });
const note = new Note($('note'), path, complain);
const cast = new Cast($('cast'), (name) => show(name).catch(complain));
const recording = new RecordCard($('record'), { path, request, complain, announce });
const share = new SharePanel($('share'), path, complain);
const first = new FirstMinute($('trail'), {
  spoke: document.querySelector('#speak .go'), felt: document.querySelector('[data-emotion=joy]'), drew: $('file'),
});
const onSpoken = () => first.did('spoke');
let chosen = ['neutral'];
$('insecure').hidden = isSecureContext;

// --- what the avatar does ----------------------------------------------------------------------------

function sendEmotion(names) {
  chosen = names;
  const weights = Object.fromEntries(names.map((name) => [name, 1 / names.length]));
  setEmotion(weights, $intensity.valueAsNumber, { holdMs: life.holdMs });
  first.did('felt');
}

function showIntensity() {
  $intensity.nextElementSibling.textContent = `${Math.round($intensity.valueAsNumber * 100)} %`;
}

$intensity.addEventListener('input', () => {
  showIntensity();
  sendEmotion(chosen);
});
$('keys').addEventListener('click', () => { sheet.hasShortcuts = toggle($('keys'), 'aria-pressed'); });
$('all').addEventListener('click', () => {
  const isWhole = toggle($('all'), 'aria-expanded');
  document.querySelector('.sheet').classList.toggle('whole', isWhole);
  $('all').textContent = isWhole ? 'Fewer' : 'All 28';
});

function toggle($button, state) {
  const isOn = $button.getAttribute(state) !== 'true';
  $button.setAttribute(state, String(isOn));
  return isOn;
}

/** Show what the server says of the avatar: on connecting and after every change, as others may drive it too. */
function showState(state) {
  $('viewers').textContent = state.viewers > 1 ? `${state.viewers} are watching` : '';
  $('engine').textContent = `Drawn by ${ANIMATORS[state.animator] ?? state.animator}, on ${DEVICES[state.device] ?? state.device ?? '…'}.`;
  $('engine').dataset.animator = state.animator;
  note.show(state);
  chosen = Object.keys(state.emotion.weights).filter((name) => state.emotion.weights[name] > 0);
  sheet.show(state.emotion.weights);
  gestures.list(state.gestures);
  if (document.activeElement !== $intensity) {
    $intensity.value = state.emotion.intensity;
    showIntensity();
  }
  background.show(state.backdrop);
  life.show(state);
  framing.show(state.shown);
  cast.show(state.character);
  recording.show(state);
  madeAt = state.size;
}

async function measure() {
  const figures = await $avatar.stats;
  // The lower half of the video is its alpha. A copy, for whoever asks soon after gets the same object.
  readouts.show(figures && $avatar.layout === 'alpha' ? { ...figures, height: figures.height / 2 } : figures, madeAt);
  const rate = figures?.fps == null ? null : Math.round(figures.fps);
  document.querySelector('#connection .brief').textContent = rate === null ? '' : `${rate} ${rate === 1 ? 'picture' : 'pictures'} a second`;
}

// --- connection --------------------------------------------------------------------------------------

$avatar.addEventListener('statechange', ({ detail }) => {
  if (detail.state === 'live') cast.list().catch(complain);
});
$avatar.addEventListener('avatarstate', ({ detail }) => showState(detail));
$avatar.addEventListener('gesture', ({ detail }) => gestures.start(detail.name, detail.seconds));
new Doing($('doing'), $avatar, announce);
new PluginQuestion($('plugin'), $avatar, { complain, announce });

function showSound() {
  $('sound').setAttribute('aria-pressed', String(!$avatar.muted));
}

$('sound').addEventListener('click', () => { $avatar.muted = !$avatar.muted; });
$avatar.addEventListener('volumechange', showSound);
showSound();

// --- characters --------------------------------------------------------------------------------------

async function show(character) {
  announce(`loading ${character}`);
  showState(await request('PATCH', path, { character }));
}

/** Fulfilled when the avatar shows that character; until then the one before is seen. */
function isShown(character) {
  return new Promise((resolve, reject) => {
    let hasBegun = false;
    const look = ({ detail }) => {
      const isMeant = detail.character === character;
      hasBegun ||= isMeant;
      if (!hasBegun || (isMeant && detail.state === 'starting')) return;
      $avatar.removeEventListener('avatarstate', look);
      if (isMeant && detail.state === 'failed') reject(new Error(detail.detail));
      else resolve(); // also where somebody has chosen another meanwhile
    };
    $avatar.addEventListener('avatarstate', look);
  });
}

new OwnPicture({ upload: $('upload'), verdict: $('verdict'), stage: $stage }, {
  show: async (name) => {
    const isThere = isShown(name);
    isThere.catch(() => {}); // it is waited for below
    await show(name);
    await isThere;
    first.did('drew');
    await cast.list();
  },
  complain,
});

// --- speech ------------------------------------------------------------------------------------------

$('speak').addEventListener('submit', () => { $('alert').hidden = true; }); // before the card's own
new SpeakCard($('speak'), $avatar, { complain, announce, onSpoken });
new TalkCard($('talking'), $avatar, {
  $devices: $('device'), complain, announce, onTalk: onSpoken, hasShortcuts: () => sheet.hasShortcuts,
});

// --- to take away ------------------------------------------------------------------------------------

$('sharing').addEventListener('click', () => share.open());
$('snapshot').href = address(`${path}/snapshot.png`);
$('snapshot').download = `${id}.png`;
$('snapshot').addEventListener('click', async (event) => {
  if (!key() || $('snapshot').protocol === 'blob:') return;
  event.preventDefault(); // a link shows no key
  try {
    const picture = URL.createObjectURL(await (await asked('GET', `${path}/snapshot.png`)).blob());
    $('snapshot').href = picture;
    $('snapshot').click();
    setTimeout(() => URL.revokeObjectURL(picture), REVOKE_MS);
  } catch (error) {
    complain(error);
  }
  $('snapshot').href = address(`${path}/snapshot.png`);
});

$('life').querySelector('.switches').prepend(lookAtMeSwitch($avatar, { complain, announce }));
closeAsMenu($('background'));
background.list().catch(complain);
request('GET', 'settings/schema').then((schema) => { life.schema = schema; }).catch(complain);
for (const name of ['framing', 'headroom']) {
  if (query.has(name)) $avatar[name] = query.get(name);
}
setInterval(() => measure().catch(() => {}), MEASURE_MS); // what is wrong, the element says
