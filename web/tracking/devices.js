/** Cameras and microphones: opened, listed, and why there is none, in words that say what to do. */

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
const INSTEAD = { camera: ' You can steer with the mouse and your voice instead.', microphone: ' The mouse works without it.' };
const INSECURE = 'This page came over http, so browsers give it no {device}. Open it over https, or on the machine that serves it.';
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
  return new Error(text.replaceAll('{device}', device) + INSTEAD[device]);
}

async function open(device, constraints) {
  if (!isSecureContext || !navigator.mediaDevices) {
    throw new Error(INSECURE.replace('{device}', device) + INSTEAD[device]);
  }
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw deviceFault(device, error);
  }
}

/** @param {string} deviceId '' is the browser's own choice. @returns {Promise<MediaStream>} @throws {Error} a sentence. */
export function openCamera(deviceId = '') {
  return open('camera', { video: { ...SIZE, ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: 'user' }) } });
}

/** @returns {Promise<MediaStream>} @throws {Error} a sentence. */
export function openMicrophone() {
  return open('microphone', { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
}

/** @returns {Promise<Array<{deviceId: string, label: string}>>} Browsers tell names only once one was opened. */
export async function listCameras() {
  const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
  return devices.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId)
    .map(({ deviceId, label }, n) => ({ deviceId, label: label || `Camera ${n + 1}` }));
}

/** Give a device back. @param {?MediaStream} stream */
export function release(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
