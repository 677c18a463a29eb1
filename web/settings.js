/** The page settings: how the avatar moves and is shown, set on the living avatar. */

import './avatar-rtc.js';
import { newest, request } from './api.js';
import { onPageKeys } from './settings/page_keys.js';
import { BackdropPanel } from './settings/backdrop_panel.js';
import { ChainList } from './settings/chain_list.js';
import { CropFrame } from './settings/crop_frame.js';
import { FrameBudget } from './settings/frame_budget.js';
import { LooksCard } from './settings/looks_card.js';
import { MatteView } from './settings/matte_view.js';
import { SettingsGroups } from './settings/settings_groups.js';
import { saveSetup, takeFile } from './settings/setup_files.js';
import { TwoChains } from './settings/two_chains.js';
import { openStudio } from './studio.js';

const MEASURE_MS = 1_000;

const $ = (id) => document.getElementById(id);
const { $avatar, id, path, announce, complain } = openStudio();
const $stage = $('stage');
const around = { avatar: $avatar, path, complain, announce };

// --- the chain ---------------------------------------------------------------------------------------

let told = null; // what the server said last
const sendChain = newest(async (chain, on) => {
  try {
    await $avatar.connection.send({ type: 'chain.set', chain, on });
  } catch (error) {
    if (told) showChain(told); // what was refused goes back to what is
    throw error;
  }
}, complain);
const list = new ChainList($('chain'), (chain) => wear(chain), announce);
const two = new TwoChains($('ab'), $('copy-ab'), (chain) => take(chain), announce);
const looks = new LooksCard($('looks'), { ...around, take, chain: () => list.chain });

/** Send a chain that is shown already. */
function wear(chain) {
  two.current = chain;
  sendChain(chain, $('chain-on').checked);
}

/** Show and send a chain. */
function take(chain) {
  list.chain = chain;
  $('chain-on').checked = true;
  wear(list.chain);
}

function showChain({ chain, chain_on: on }) {
  list.chain = chain;
  two.current = chain;
  $('chain-on').checked = on;
  $('filters').classList.toggle('is-off', !on);
}

$('clear').addEventListener('click', () => {
  take([]);
  announce('All filters are gone.');
});
$('chain-on').addEventListener('change', () => {
  $('filters').classList.toggle('is-off', !$('chain-on').checked);
  sendChain(list.chain, $('chain-on').checked);
});

// --- backdrop, motion, crop --------------------------------------------------------------------------

const matte = new MatteView($avatar, $stage);
const sendBackdrop = newest((backdrop) => $avatar.setBackdrop(backdrop), complain);
const behind = new BackdropPanel($('backdrop'), (backdrop) => {
  seeBackdrop(true); // or nothing of it would be seen here
  return sendBackdrop(backdrop);
}, around);
const motion = new SettingsGroups($('motion'), (changes) => $avatar.patchSettings(changes), complain);
const crop = new CropFrame($('crop'), $stage, around);
const budget = new FrameBudget($('budget'));
const upload = (file) => behind.upload(file).then(() => seeBackdrop(true));

function seeBackdrop(isSeen) {
  if (isSeen) crop.isShown = false;
  matte.isShown = isSeen;
  for (const $radio of $('seen').querySelectorAll('input')) $radio.checked = ($radio.value === 'backdrop') === isSeen;
}

$('seen').addEventListener('change', ({ target }) => seeBackdrop(target.value === 'backdrop'));
document.querySelector('#crop .draw').addEventListener('click', () => { if (crop.isShown) seeBackdrop(false); });
$('reset-motion').addEventListener('click', () => {
  request('DELETE', `${path}/settings`).then(() => announce('All settings of motion are as at first.')).catch(complain);
});
$('backdrop-file').addEventListener('change', ({ target }) => {
  const [file] = target.files;
  if (file) upload(file).catch(complain); // a chooser that is left without a choice empties it
  target.value = '';
});

// --- what is under the stage -------------------------------------------------------------------------

const setEmotion = newest((name) => $avatar.setEmotion(name), complain);
$('emotion').addEventListener('change', () => setEmotion($('emotion').value));
const switches = { talking: (on) => $avatar.setTalking(on), paused: (on) => $avatar.setPaused(on) };
for (const [name, send] of Object.entries(switches)) {
  $(name).addEventListener('click', () => {
    const isOn = $(name).getAttribute('aria-pressed') !== 'true';
    $(name).setAttribute('aria-pressed', String(isOn)); // at once, for whoever presses again before it is told
    send(isOn).catch(complain);
  });
}
$('full').addEventListener('click', () => {
  (document.fullscreenElement ? document.exitFullscreen() : $stage.requestFullscreen()).catch(complain);
});
$('help').addEventListener('click', () => $('keys').showModal());

function showEmotion({ emotions, emotion: { weights } }) {
  const $emotion = $('emotion');
  if ([...$emotion.options].map(({ value }) => value).join() !== emotions.join()) {
    $emotion.replaceChildren(...emotions.map((name) => new Option(name.replaceAll('_', ' '), name)));
  }
  const [strongest] = Object.entries(weights).sort((one, other) => other[1] - one[1])[0];
  if (!setEmotion.isBusy) $emotion.value = strongest;
}

// --- files -------------------------------------------------------------------------------------------

async function open(file) {
  try {
    announce(await takeFile(file, { path, upload }));
  } catch (error) {
    complain(error);
  }
}

$('save').addEventListener('click', () => saveSetup(path, `${id}-setup`).catch(complain));
$('open-file').addEventListener('change', async ({ target }) => {
  const files = [...target.files];
  target.value = ''; // so that the same file can be chosen again
  for (const file of files) await open(file);
});
document.addEventListener('dragover', (event) => {
  if (!event.dataTransfer.types.includes('Files')) return;
  event.preventDefault();
  $stage.classList.add('dropping');
});
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) $stage.classList.remove('dropping');
});
document.addEventListener('drop', async (event) => {
  $stage.classList.remove('dropping');
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  for (const file of [...event.dataTransfer.files]) await open(file);
});

// --- keys --------------------------------------------------------------------------------------------

onPageKeys({
  'Ctrl+o': () => $('open-file').click(),
  'Ctrl+s': () => $('save').click(),
  'Ctrl+b': () => $('backdrop-file').click(),
  'Ctrl+e': () => $('emotion').focus(),
  'Ctrl+p': () => $('paused').click(),
  F1: () => $('help').click(),
  t: () => $('talking').click(),
  x: () => two.change(),
  m: () => $('chain-on').click(),
  c: () => document.querySelector('#crop .draw').click(),
  b: () => seeBackdrop(!matte.isShown),
  f: () => $('full').click(),
});
document.addEventListener('told', ({ detail }) => announce(detail));

// --- what the server says ----------------------------------------------------------------------------

$avatar.addEventListener('avatarstate', ({ detail: state }) => {
  told = state;
  if (!sendChain.isBusy) showChain(state);
  if (!sendBackdrop.isBusy) behind.backdrop = state.backdrop;
  looks.state = motion.state = crop.state = budget.state = state;
  list.times = state.stage_ms;
  for (const name of Object.keys(switches)) $(name).setAttribute('aria-pressed', String(state[name]));
  showEmotion(state);
});

async function measure() {
  if (document.hidden || $avatar.state !== 'live') return;
  const state = await request('GET', path);
  list.times = state.stage_ms;
  looks.state = budget.state = state;
}

request('GET', 'filters').then((schema) => { list.schema = behind.schema = schema; }).catch(complain);
request('GET', 'settings/schema').then((schema) => { motion.schema = schema; }).catch(complain);
looks.refresh().catch(complain);
behind.refresh().catch(complain);
setInterval(() => measure().catch(() => {}), MEASURE_MS); // what is wrong, the element says
