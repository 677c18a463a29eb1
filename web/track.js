/** The page /track.html: a face, a mouse and a voice, or the place of a head moves the avatar. */

import './avatar-rtc.js';
import { control } from './controls.js';
import { listDevices } from './devices.js';
import { words } from './nodes.js';
import { openStudio } from './studio.js';
import { whyNoTracker } from './tracking/face_tracking.js';
import { FaceWay } from './tracking/face_way.js';
import { LookAtMe } from './tracking/look_at_me.js';
import { drawMesh } from './tracking/mesh_drawing.js';
import { PointerWay } from './tracking/pointer_way.js';
import { TrackSettings } from './tracking/track_settings.js';

const COUNT_MS = 800; // from 3 to 2 to 1
const SLOW_PER_S = 12;
const WORDS = {
  off: { face: 'The camera is off.', pointer: 'Not started.', look: 'The camera is off.' },
  first: 'Having a first look …',
  asking: 'Waiting for the camera: allow it in the browser.',
  loading: 'Loading the face tracker …',
  unseen: 'No face is to be seen. Come nearer, and into the light.',
  calm: 'Look straight ahead for a second, so that it knows your face.',
  face: 'Your face moves it.',
  slow: 'Your face moves it, but slowly: the tracker wants a graphics card.',
  pointer: 'The avatar follows the pointer.',
  look: 'The avatar looks at you.',
  alone: 'Nobody is to be seen, so it looks about by itself.',
};
const STARTS = { face: 'Start the camera', pointer: 'Start', look: 'Start the camera' };
const DIALS = {
  smoothing: ['Smoothing', 0, 1, 'face'], head: ['Head', 0, 2, 'face pointer'], eyes: ['Eyes and brows', 0, 2, 'face pointer'],
  mouth: ['Mouth', 0, 2, 'face pointer'],
};

const $ = (id) => document.getElementById(id);
const { $avatar, announce, complain } = openStudio();
const $desk = $('desk');
const { way: $ways, camera: $cameras, voice: $voice, mirror: $mirror } = $desk.elements;
const $mesh = $('preview').querySelector('canvas');
const settings = new TrackSettings();
let counting = 0; // the timer of a countdown

const ways = {
  face: new FaceWay($avatar, settings, { onState: (state, error) => showState('face', state, error), onSight: showSight }),
  pointer: new PointerWay($avatar, $('stage'), settings, (state) => showState('pointer', state)),
  look: new LookAtMe($avatar, (state, error) => showState('look', state, error)),
};

// --- what is told ------------------------------------------------------------------------------------

function tell(text, state = '') {
  if ($('now').textContent !== text) $('now').textContent = text; // what is said again is not read out again
  $('now').dataset.state = state;
}

/** @param {'face'|'pointer'|'look'} way @param {string} state off | asking | loading | running | seeing | alone | refused */
function showState(way, state, error) {
  if (error && state !== 'off') complain(error);
  else if (error) explain(error.message);
  if (way !== $ways.value) return;
  const { isOn } = ways[way];
  $('go').textContent = isOn ? 'Stop' : STARTS[way];
  $('go').setAttribute('aria-pressed', String(isOn));
  $('calibrate').disabled = state !== 'running' || way !== 'face';
  if (state === 'off') endPreview();
  if (state === 'running' && way !== 'pointer') showPreview(ways[way].$video);
  if (state === 'running') tell(way === 'pointer' ? WORDS.pointer : WORDS.first, way === 'pointer' ? 'on' : 'wish');
  else if (state === 'seeing') tell(WORDS.look, 'on');
  else if (state === 'alone') tell(WORDS.alone, 'wish');
  else if (state === 'off') tell(WORDS.off[way]);
  else if (state in WORDS) tell(WORDS[state], 'wish');
}

/** @param {?{landmarks: Float32Array, isCalibrating: boolean, perS: number}} sight of FaceWay. */
function showSight(sight) {
  drawMesh($mesh, sight?.landmarks ?? null);
  if (!sight) tell(WORDS.unseen, 'wish');
  else if (sight.isCalibrating) tell(WORDS.calm, 'wish');
  else if (sight.perS < SLOW_PER_S) tell(WORDS.slow, 'wish');
  else tell(WORDS.face, 'on');
}

/** Why it does not start, and what to do; '' takes it away. */
function explain(text) {
  $('missing').hidden = !text;
  $('missing').replaceChildren(...words(text));
}

function showPreview($video) {
  if ($video.parentNode !== $('preview')) $('preview').prepend($video);
  $('preview').hidden = false;
  listDevices('camera').then(offerCameras).catch(complain);
}

function endPreview() {
  clearInterval(counting);
  $('countdown').textContent = '';
  drawMesh($mesh, null);
  $('preview').hidden = true;
  for (const $video of $('preview').querySelectorAll('video')) $video.remove();
}

function offerCameras(cameras) {
  const chosen = $cameras.value;
  $cameras.replaceChildren(...cameras.map(({ deviceId, label }) => new Option(label, deviceId)));
  if (cameras.some(({ deviceId }) => deviceId === chosen)) $cameras.value = chosen;
  $('camera').hidden = $ways.value === 'pointer' || cameras.length < 2;
}

// --- what is done ------------------------------------------------------------------------------------

function start() {
  explain('');
  if ($ways.value === 'pointer') {
    ways.pointer.start();
    $('stage').focus({ preventScroll: true }); // keys steer there; on the button the space bar would stop it
    listen();
  } else ways[$ways.value].start($cameras.value).catch(complain);
}

function stop() {
  for (const way of Object.values(ways)) way.stop();
  $voice.checked = false;
}

function listen() {
  ways.pointer.listen($voice.checked).catch(({ message }) => {
    $voice.checked = false;
    explain(message);
  });
}

function choose() {
  stop();
  explain('');
  const chosen = $ways.value;
  for (const $part of document.querySelectorAll('[data-way]')) $part.hidden = !$part.dataset.way.split(' ').includes(chosen);
  $('fit').hidden = chosen === 'look';
  $('camera').hidden = true;
  $('preview').classList.toggle('mirrored', chosen === 'look' || settings.mirror);
  // Keys steer where it has the focus.
  if (chosen === 'pointer') $('stage').tabIndex = 0;
  else $('stage').removeAttribute('tabindex');
  showState(chosen, 'off');
}

function calibrate() {
  clearInterval(counting);
  let left = 3;
  const count = () => {
    $('countdown').textContent = left || '';
    if (left) announce(String(left));
    else {
      clearInterval(counting);
      ways.face.calibrate();
      announce('look straight ahead');
    }
    left -= 1;
  };
  count();
  counting = setInterval(count, COUNT_MS);
}

/** Before anybody asks: what cannot work here is said, and the way around it is chosen. */
async function checkTracker() {
  const why = await whyNoTracker();
  if (!why || $ways.value !== 'face' || ways.face.isOn) return;
  $ways.value = 'pointer';
  choose();
  explain(why);
}

function change(name, value) {
  settings[name] = value;
  if (name === 'mirror') $('preview').classList.toggle('mirrored', value);
}

function showSettings() {
  $mirror.checked = settings.mirror;
  $('dials').replaceChildren(...Object.entries(DIALS).map(([name, [title, minimum, maximum, shownFor]]) => {
    const $dial = control(title, { type: 'number', minimum, maximum }, settings[name], (value) => change(name, value));
    $dial.dataset.way = shownFor;
    $dial.hidden = !shownFor.split(' ').includes($ways.value);
    return $dial;
  }));
  $('preview').classList.toggle('mirrored', settings.mirror);
}

$desk.addEventListener('submit', (event) => event.preventDefault());
$desk.addEventListener('change', ({ target }) => {
  if (target.name === 'way') choose();
  else if (target === $cameras) start();
  else if (target === $voice && ways.pointer.isOn) listen();
  else if (target === $mirror) change('mirror', target.checked);
});
$('go').addEventListener('click', () => { if (ways[$ways.value].isOn) stop(); else start(); });
$('calibrate').addEventListener('click', calibrate);
$('usual').addEventListener('click', () => {
  settings.reset();
  showSettings();
});
addEventListener('pagehide', stop);
showSettings();
choose();
checkTracker().catch(complain);
