/** Cameras and microphones: opened, listed, and why there is none, in words that say what to do. */

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
const CLEAN = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const CAMERA_INSTEAD = ' You can steer with the mouse and your voice instead.';
const INSECURE = 'This page came over http, so browsers give it no {device}. Open it over https, by a tunnel, or on the machine that '
  + 'serves it, as localhost.';
const FRAMED = ' In a frame it also wants allow="{device}".';
const WORDS = {
  NotAllowedError: 'The browser keeps the {device} from this page. Allow it beside the address above, then start again.',
  NotFoundError: 'This machine has no {device}, or it is switched off. Plug one in, then start again.',
  NotReadableError: 'Another program has the {device}, or it does not work. Close that program, then start again.',
  OverconstrainedError: 'The {device} that was chosen is gone. Choose another one, then start again.',
  AbortError: 'The {device} has stopped. Start again.',
};

/** The error that a user reads. @param {'camera'|'microphone'} device @param {Error} error of getUserMedia. */
function deviceFault(device, error) {
  const text = WORDS[error.name] ?? `The {device} cannot be opened: ${error.message || error.name}.`;
  return text + (error.name === 'NotAllowedError' && window !== window.top ? FRAMED : '');
}

async function open(device, constraints, instead) {
  let why = INSECURE;
  try {
    if (isSecureContext && navigator.mediaDevices) return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    why = deviceFault(device, error);
  }
  throw new Error(why.replaceAll('{device}', device) + instead);
}

const exactly = (deviceId) => (deviceId ? { deviceId: { exact: deviceId } } : {});

/** @param {string} deviceId '' is the browser's own choice. @returns {Promise<MediaStream>} @throws {Error} a sentence. */
export function openCamera(deviceId = '') {
  return open('camera', { video: { ...SIZE, ...(deviceId ? exactly(deviceId) : { facingMode: 'user' }) } }, CAMERA_INSTEAD);
}

/** As `openCamera`. @param {string} instead is said after what is wrong. */
export function openMicrophone(deviceId = '', instead = '') {
  return open('microphone', { audio: { ...CLEAN, channelCount: 1, ...exactly(deviceId) } }, instead);
}

/**
 * What can be chosen from. Browsers tell names only once one was opened.
 * @param {'camera'|'microphone'} device @returns {Promise<Array<{deviceId: string, label: string}>>}
 */
export async function listDevices(device) {
  const wanted = { camera: 'videoinput', microphone: 'audioinput' }[device];
  const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
  const capital = device[0].toUpperCase() + device.slice(1);
  return devices.filter(({ kind, deviceId }) => kind === wanted && deviceId)
    .map(({ deviceId, label }, n) => ({ deviceId, label: label || `${capital} ${n + 1}` }));
}

/** Give a device back. @param {?MediaStream} stream */
export function release(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
