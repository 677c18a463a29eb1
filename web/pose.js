/** The page pose: a face by its numbers, its picture, and what becomes of it. */

import './avatar-rtc.js';
import { Comparison } from './pose/compare.js';
import { FaceDials } from './pose/dials.js';
import { changedFace, emotionId, isSameFace, mirroredFace, withoutNames } from './pose/face.js';
import { GestureCard } from './pose/gesture_card.js';
import { History } from './pose/history.js';
import { downloadSprites, fileText, KeptFaces, readFaceFiles, saveFiles } from './pose/keeping.js';
import { LiveFace } from './pose/live.js';
import { PosePicture } from './pose/pictures.js';
import { emotionList, fileList, Presets } from './pose/presets.js';
import { StageStrip } from './pose/stages.js';
import { LightTable } from './pose/table.js';
import { openStudio } from './studio.js';

const $ = (id) => document.getElementById(id);
const { $avatar, path, announce, complain } = openStudio();
const history = new History({});
const how = { framing: 'bust', stage: 'result' };

const result = new PosePicture($('result'), path, complain);
const source = new PosePicture($('source'), path, complain);
const fromFiles = fileList();
const presets = new Presets($('presets'), $('strength'), [emotionList(path), fromFiles], put);
const dials = new FaceDials($('dials'), {
  change: (values, gesture) => put(changedFace(history.now, values), gesture),
  end: () => history.end(),
  reset: (names) => put(withoutNames(history.now, names)),
  tell: announce,
});
const strip = new StageStrip($('stages'), path, chooseStage, complain);
const comparison = new Comparison($('compare'), path, presets, complain);
const kept = new KeptFaces(path);
const live = new LiveFace($avatar, path, onLive, complain);
new LightTable($('panes'), $('zoom'));
const gestures = new GestureCard($('gestures'), path, { face: put, sure: isSure, complain });

/** Another face, as a step that can be undone. */
function put(face, gesture = null) {
  if (!isSameFace(face, history.now)) history.put(face, gesture);
  presets.leave();
  show();
  live.show(live.way, history.now).catch(complain);
}

/** Show the face of now everywhere in the page. */
function show() {
  const face = history.now;
  dials.show(face);
  $('undo').disabled = !history.canUndo;
  $('redo').disabled = !history.canRedo;
  result.show(face, how).then(() => strip.show(face, how));
  comparison.show(face, how);
}

function step(back) {
  if (back) history.undo();
  else history.redo();
  presets.leave();
  show();
  live.show(live.way, history.now).catch(complain);
}

function chooseStage(stage) {
  how.stage = stage;
  $('stage-name').textContent = stage === 'result' ? '' : `· ${stage}`;
  result.show(history.now, how);
}

/** Somebody, perhaps on another page, has chosen what the live avatar shows. */
function onLive(way, face) {
  for (const $radio of document.querySelectorAll('[name=way]')) $radio.checked = $radio.value === way;
  if (!face || isSameFace(face, history.now)) return;
  history.put(changedFace({}, face));
  presets.leave();
  show();
}

let character = '';
let gesturesOf = ''; // the character and the gestures that are known
let savedNames = []; // of emotions, into the character
async function onState({ animator, character: name, state, ...told }) {
  live.follow(told);
  if (state !== 'live') return;
  await strip.know(animator);
  const makes = `${name} ${told.gestures.join()}`;
  if (makes !== gesturesOf) {
    gesturesOf = makes;
    await gestures.know(name);
  }
  const key = `${name} ${animator} ${told.emotions.join()}`;
  if (key === character) return;
  character = key;
  kept.character = name;
  await reload();
  source.show({}, { framing: how.framing, stage: 'source' });
  show();
}

/** Read anew which faces there are, and which were saved. */
async function reload() {
  const saved = await kept.names();
  await presets.load(saved);
  comparison.refill();
  $('names').replaceChildren(...Object.keys(presets.all).filter((name) => name !== 'rest').map((name) => new Option(name)));
  $('factory-all').disabled = !saved.length;
  savedNames = saved;
  offerReset();
}

function offerReset() {
  $('factory').disabled = !savedNames.includes(emotionId($('name').value));
}

/** Do something that takes a while, with the button out of reach. */
function pressed(id, act) {
  $(id).addEventListener('click', async () => {
    $(id).setAttribute('aria-busy', 'true');
    await act().catch(complain);
    $(id).removeAttribute('aria-busy');
  });
}

function said(text) {
  $('kept').textContent = text;
}

async function open(files) {
  const faces = await readFaceFiles(files);
  fromFiles.add(faces);
  await reload();
  const [first] = Object.keys(faces);
  presets.pick(first);
  $('name').value = first;
  offerReset();
  said(`${Object.keys(faces).length} read from ${files.length === 1 ? files[0].name : `${files.length} files`}.`);
}

async function isSure(text) {
  $('sure-text').textContent = text;
  $('sure').returnValue = 'no';
  $('sure').showModal();
  await new Promise((resolve) => { $('sure').addEventListener('close', resolve, { once: true }); });
  return $('sure').returnValue === 'yes';
}

const named = () => $('name').value.trim() || presets.chosen || 'pose';

$('undo').addEventListener('click', () => step(true));
$('redo').addEventListener('click', () => step(false));
$('mirror').addEventListener('click', () => put(mirroredFace(history.now)));
$('reset').addEventListener('click', () => put({}));
$('strength').addEventListener('change', () => history.end());
$('presets').addEventListener('change', () => {
  if (presets.chosen) $('name').value = presets.chosen;
  offerReset();
});
$('name').addEventListener('input', offerReset);
$('search').addEventListener('input', () => {
  const count = dials.search($('search').value);
  $('found').textContent = $('search').value ? `${count} found` : '';
});
$('framings').addEventListener('change', ({ target }) => {
  how.framing = target.value;
  source.show({}, { framing: how.framing, stage: 'source' });
  show();
});
$('ways').addEventListener('change', ({ target }) => live.show(target.value, history.now).catch(complain));
$('load').addEventListener('click', () => $('files').click());
$('files').addEventListener('change', () => {
  open([...$('files').files]).catch(complain);
  $('files').value = '';
});
pressed('save', () => saveFiles(path, named(), history.now, {}));
pressed('copy', async () => {
  await navigator.clipboard.writeText(fileText(named(), history.now));
  said('Copied.');
});
pressed('keep', async () => {
  const name = $('name').value.trim();
  if (!name) {
    $('name').focus();
    throw new Error('Give it a name first: that of an emotion, or a new one.');
  }
  await kept.keep(name, history.now);
  await reload();
  said(`${name} is saved into the character.`);
});
pressed('factory', async () => {
  const name = $('name').value.trim();
  if (!await isSure(`Reset ${name} to what it was when the character came?`)) return;
  await kept.reset(name);
  await reload();
  presets.pick(name);
  said(`${name} is as the character came with it.`);
});
pressed('factory-all', async () => {
  if (!await isSure('Reset all emotions to what they were when the character came?')) return;
  await kept.reset();
  await reload();
  said('All emotions are as the character came with them.');
});
$('sprites').addEventListener('submit', async (event) => {
  event.preventDefault();
  const $progress = $('sprites').querySelector('progress');
  const $button = $('sprites').querySelector('button');
  $progress.hidden = false;
  $button.disabled = true;
  try {
    const count = await downloadSprites(path, Object.fromEntries(new FormData($('sprites'))), (done, all) => {
      $progress.value = done / all;
    });
    announce(`${count} files in the zip.`);
  } catch (error) {
    complain(error);
  }
  $button.disabled = false;
  $progress.hidden = true;
});
document.addEventListener('keydown', (event) => {
  const isText = event.target.matches?.('input:is([type=search], [type=text], :not([type])), textarea');
  const key = event.key.toLowerCase();
  if (key === '/' && !isText) {
    event.preventDefault();
    $('search').focus();
    return;
  }
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const keys = { o: () => $('files').click(), s: () => $('save').click(), m: () => $('mirror').click() };
  if (!isText) Object.assign(keys, { z: () => step(!event.shiftKey), y: () => step(false) });
  if (!keys[key]) return;
  event.preventDefault();
  keys[key]();
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  const files = [...event.dataTransfer.files];
  if (files.length) open(files).catch(complain);
});
$avatar.addEventListener('avatarstate', ({ detail }) => onState(detail).catch(complain));
dials.show({});
