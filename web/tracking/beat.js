/** Calls back sixty times a second, also while the page is behind others; timers of pages then go once a second. */

/** @param {(t: number) => void} onBeat t: s, grows. @returns {() => void} ends it. */
export function beat(onBeat) {
  const worker = new Worker(new URL('beat_worker.js', import.meta.url));
  worker.addEventListener('message', () => onBeat(performance.now() / 1_000));
  return () => worker.terminate();
}
