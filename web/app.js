/** The demo page: wires its controls to one <avatar-rtc> and the HTTP interface. */

import './avatar-rtc.js';
import { address, asked, newest, request } from './api.js';
import { BackdropCard } from './backdrop_card.js';
import { ChainEditor } from './chain_editor.js';
import { EmotionSheet } from './emotion_sheet.js';
import { FramingChoice } from './framing_choice.js';
import { key } from './key.js';
import { LifeCard } from './life_card.js';
import { Readouts } from './readouts.js';
import { SpeakCard } from './speak_card.js';
import { openStudio } from './studio.js';

const MEASURE_MS = 1_000;
const UPLOAD_TYPES = ['image/png', 'image/webp', 'application/zip'];

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const { $avatar, id, path, announce, complain } = openStudio();
const $stage = $('stage');
const $intensity = $('intensity');

const setEmotion = newest((weights, intensity, how) => $avatar.setEmotion(weights, intensity, how), complain);
const setChain = newest((chain) => $avatar.setChain(chain), complain);
const setBackdrop = newest((backdrop) => $avatar.setBackdrop(backdrop), complain);
const sheet = new EmotionSheet($('faces'), (names) => {
  sendEmotion(names);
  announce(names.join(', '));
});
const editor = new ChainEditor($('chain'), $('adders'), setChain);
const behind = new BackdropCard($('behind'), setBackdrop);
const life = new LifeCard(document.querySelector('.life'), $avatar, { stage: $stage, path, complain });
const framing = new FramingChoice($('framings'), (name) => $avatar.setFraming(name), {
  complain, announce, hasShortcuts: () => sheet.hasShortcuts,
});
const readouts = new Readouts($('readouts'));
let chosen = ['neutral'];
$('insecure').hidden = isSecureContext;

// --- what the avatar does ----------------------------------------------------------------------------

function sendEmotion(names) {
  chosen = names;
  const weights = Object.fromEntries(names.map((name) => [name, 1 / names.length]));
  setEmotion(weights, $intensity.valueAsNumber, { holdMs: life.holdMs });
}

function showIntensity() {
  $intensity.nextElementSibling.textContent = `${Math.round($intensity.valueAsNumber * 100)} %`;
}

$intensity.addEventListener('input', () => {
  showIntensity();
  sendEmotion(chosen);
});
$('keys').addEventListener('click', () => { sheet.hasShortcuts = toggle($('keys')); });

/** Show what the server says of the avatar: on connecting and after every change, as others may drive it too. */
function showState(state) {
  $('engine').textContent = `${state.animator} on ${state.device ?? '…'}`;
  $('viewers').textContent = `${state.viewers} ${state.viewers === 1 ? 'viewer' : 'viewers'}`;
  showNote(state);
  chosen = Object.keys(state.emotion.weights).filter((name) => state.emotion.weights[name] > 0);
  sheet.show(state.emotion.weights);
  if (document.activeElement !== $intensity) {
    $intensity.value = state.emotion.intensity;
    showIntensity();
  }
  if (!editor.isBusy && !setChain.isBusy) editor.chain = state.chain;
  editor.times = state.stage_ms;
  if (!behind.isBusy && !setBackdrop.isBusy) behind.backdrop = state.backdrop;
  life.show(state);
  framing.show(state.shown);
  if (document.activeElement !== $('characters')) $('characters').value = state.character;
}

/** What is wrong with the avatar, or slow; and on a CPU the way out of it: a student, made in the background. */
function showNote({ state, detail, note, animator, device, distillation }) {
  const [$text, $button, $progress] = $('note').children;
  const isRunning = ['queued', 'running'].includes(distillation.state);
  const isSlow = animator === 'tha3' && device === 'cpu';
  const news = {
    queued: `A student waits to be made; before it: ${distillation.place}.`,
    running: `Making a student, ${left(distillation.seconds_left)}. The picture goes on meanwhile, more slowly.`,
    failed: `No student was made: ${distillation.detail}`,
    done: distillation.good_enough === false ? 'The student was made, but is not good enough to be shown.' : '',
  }[distillation.state];
  $text.textContent = state === 'failed' ? detail : (isSlow && news) || (isRunning && news) || (note ?? '');
  $button.textContent = isRunning ? 'Stop' : 'Make it fluid (about half an hour, in the background)';
  $button.hidden = !isRunning && (!isSlow || state !== 'live');
  $button.dataset.verb = isRunning ? 'DELETE' : 'POST';
  $progress.hidden = !isRunning;
  $progress.value = distillation.share ?? 0;
  $('note').hidden = !$text.textContent && $button.hidden;
}

function left(seconds) {
  if (seconds === undefined || seconds === null) return 'estimating the time';
  return seconds < 90 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`;
}

$('distill').addEventListener('click', async ({ target }) => {
  const { verb } = target.dataset;
  await request(verb, `${path}/distillation`, verb === 'POST' ? {} : undefined).catch(complain);
});

async function measure() {
  const figures = await $avatar.stats;
  // The lower half of the video is its alpha. A copy, for whoever asks soon after gets the same object.
  readouts.show(figures && $avatar.layout === 'alpha' ? { ...figures, height: figures.height / 2 } : figures);
  if ($('chain').childElementCount && $avatar.state === 'live') editor.times = (await request('GET', path)).stage_ms;
}

// --- connection --------------------------------------------------------------------------------------

$avatar.addEventListener('statechange', ({ detail }) => {
  if (detail.state === 'live') listCharacters().catch(complain);
});
$avatar.addEventListener('avatarstate', ({ detail }) => showState(detail));

function showSound() {
  $('sound').setAttribute('aria-pressed', String(!$avatar.muted));
}

$('sound').addEventListener('click', () => { $avatar.muted = !$avatar.muted; });
$avatar.addEventListener('volumechange', showSound);
showSound();

// --- background --------------------------------------------------------------------------------------

$('backdrops').addEventListener('input', ({ target }) => {
  if (target.type === 'color') $stage.style.setProperty('--own-colour', target.value);
  $stage.dataset.backdrop = target.type === 'color' ? 'custom' : target.value;
  document.querySelector(`[name=backdrop][value=${$stage.dataset.backdrop}]`).checked = true;
});

// --- characters --------------------------------------------------------------------------------------

async function listCharacters() {
  const { characters } = await request('GET', 'characters');
  $('characters').replaceChildren(...characters.map((name) => new Option(name)));
  const { character } = await request('GET', path);
  if (!characters.includes(character)) $('characters').append(new Option(character));
  $('characters').value = character;
}

async function show(character) {
  announce(`loading ${character}`);
  showState(await request('PATCH', path, { character }));
}

async function upload(file) {
  if (!UPLOAD_TYPES.includes(file.type)) {
    throw new Error(`${file.name} is no PNG, WebP or zip; wanted is a picture with a transparent background, or a character folder as zip.`);
  }
  $('upload').classList.add('busy');
  const plain = file.name.replace(/\.\w+$/, '').toLowerCase().replace(/[^a-z0-9_]+/g, '-');
  const name = plain.replace(/^-+|-+$/g, '').slice(0, 64) || 'character';
  try {
    const stored = await request('POST', `characters?name=${encodeURIComponent(name)}`, file);
    await show(stored.name);
    await listCharacters();
  } finally {
    $('upload').classList.remove('busy');
  }
}

$('characters').addEventListener('change', () => show($('characters').value).catch(complain));
$('file').addEventListener('change', () => {
  const [file] = $('file').files;
  if (file) upload(file).catch(complain); // a chooser that is left without a choice empties it
  $('file').value = ''; // so that the same file can be chosen again
});
document.addEventListener('dragover', (event) => {
  if (!event.dataTransfer.types.includes('Files')) return;
  event.preventDefault();
  $stage.classList.add('dropping');
});
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) $stage.classList.remove('dropping');
});
document.addEventListener('drop', (event) => {
  $stage.classList.remove('dropping');
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  upload(event.dataTransfer.files[0]).catch(complain);
});

// --- speech ------------------------------------------------------------------------------------------

$('speak').addEventListener('submit', () => { $('alert').hidden = true; }); // before the card's own
new SpeakCard($('speak'), $avatar, { complain, announce });

// --- small things ------------------------------------------------------------------------------------

function toggle($button) {
  const isOn = $button.getAttribute('aria-pressed') !== 'true';
  $button.setAttribute('aria-pressed', String(isOn));
  return isOn;
}

// --- embedding ---------------------------------------------------------------------------------------

const whep = address(`${path}/whep`);
$('whep').textContent = whep;
$('snippet').textContent = `<script type="module" src="${new URL('avatar-rtc.js', document.baseURI)}"></script>\n`
  + `<avatar-rtc src="${whep}" subtitles></avatar-rtc>`;
$('snapshot').href = address(`${path}/snapshot.png`);
$('snapshot').download = `${id}.png`;
$('snapshot').addEventListener('click', async (event) => {
  if (!key() || $('snapshot').protocol === 'blob:') return;
  event.preventDefault(); // a link shows no key
  try {
    const picture = URL.createObjectURL(await (await asked('GET', `${path}/snapshot.png`)).blob());
    $('snapshot').href = picture;
    $('snapshot').click();
    setTimeout(() => URL.revokeObjectURL(picture), 10_000);
  } catch (error) {
    complain(error);
  }
  $('snapshot').href = address(`${path}/snapshot.png`);
});
$('bare').href = new URL(`view/${encodeURIComponent(id)}`, document.baseURI);
document.addEventListener('click', async ({ target }) => {
  const $text = target.dataset.copy && $(target.dataset.copy);
  if (!$text) return;
  try {
    await navigator.clipboard.writeText($text.textContent);
    target.textContent = 'Copied';
    setTimeout(() => { target.textContent = 'Copy'; }, 1_500);
  } catch {
    getSelection().selectAllChildren($text); // not a secure page: the user copies by hand
  }
});

request('GET', 'filters').then((schema) => { editor.schema = behind.schema = schema; }).catch(complain);
request('GET', 'settings/schema').then((schema) => { life.schema = schema; }).catch(complain);
request('GET', 'presets').then(({ presets }) => { editor.presets = behind.presets = presets; }).catch(complain);
request('GET', 'backdrops').then(({ backdrops }) => { behind.files = backdrops; }).catch(complain);
for (const name of ['framing', 'headroom']) {
  if (query.has(name)) $avatar[name] = query.get(name);
}
setInterval(() => measure().catch(() => {}), MEASURE_MS); // what is wrong, the element says
