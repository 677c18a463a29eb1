/**
 * ?meeting: the bare page as the camera and the voice of a bot in a call. Nobody can click there, or read what is told.
 *
 * The page's "microphone" is the meeting: the avatar listens to it, and falls silent for who talks. Whatever goes wrong is tried
 * again for as long as the page is open, for a bot stays for hours.
 */

const MEETING = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } }; // it is mixed already, without us
const AGAIN_MS = { first: 1_000, most: 30_000 };
const ANEW_MS = 15_000; // after what is wrong for good: a token is renewed, a server set up again

/**
 * Take part.
 * @param {HTMLElement} $avatar an <avatar-rtc>. @param {(text: string) => void} note what is wrong, for the log of the bot.
 */
export function meet($avatar, note) {
  listen($avatar, note);
  $avatar.addEventListener('statechange', ({ detail: { state, reason } }) => {
    if (state !== 'failed') return;
    note(reason);
    setTimeout(() => { $avatar.src = $avatar.getAttribute('src'); }, ANEW_MS);
  });
}

/** Let the avatar hear the meeting, also after it was away. */
async function listen($avatar, note) {
  let wait = AGAIN_MS.first;
  for (;;) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(MEETING);
      await live($avatar);
      await $avatar.setMicrophone('listen', { stream });
      wait = AGAIN_MS.first;
      note(await silenced($avatar));
    } catch ({ message }) {
      note(`The meeting is not heard: ${message}`);
    }
    await new Promise((resolve) => { setTimeout(resolve, wait); });
    wait = Math.min(wait * 2, AGAIN_MS.most);
  }
}

async function live($avatar) {
  while ($avatar.state !== 'live') await happened($avatar, 'statechange');
}

/** @returns {Promise<string>} why nothing is heard any more, once that is so. */
async function silenced($avatar) {
  while ($avatar.microphoneMode !== 'off') await happened($avatar, 'microphonechange');
  return 'The meeting is heard no more; it is tried again.';
}

function happened($node, type) {
  return new Promise((resolve) => { $node.addEventListener(type, resolve, { once: true }); });
}
