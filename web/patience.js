/**
 * How long a player waits with what it has, so that what was lost can be sent again in time: nothing more than the
 * browser's own buffer on a clean way, a round-trip or two on one that loses packets. The law is that of
 * avatar_rtc/media/sending/way.py, which tells the same to players that are not ours.
 */

const FIRST_ROUND_TRIP_S = 0.1;
const LEAST_LOST = 0.005; // below this share of lost packets the way is clean
const LEFT = 0.0002; // the share of packets that may still be missing when their picture is due
const ASK_AGAIN_S = 0.1; // a browser does not ask for a packet once more before
const NOTICE_S = 0.035; // until it is known that a packet is missing
const MAX_PLAYOUT_S = 0.8;
const RISE = 0.5; // of the estimate of loss with each look
const FALL = 0.1;
const STEP_S = 0.02; // less is not worth a change

/** Seconds to wait, for a share of lost packets, 0..1, and a round-trip in seconds. */
export function playoutS(lost, roundTripS) {
  if (lost < LEAST_LOST) return 0;
  const more = Math.max(0, Math.log(LEFT) / Math.log(Math.min(lost, 0.5)) - 2);
  const repairS = roundTripS + more * Math.max(roundTripS, ASK_AGAIN_S);
  return Math.min(2 * NOTICE_S + repairS, MAX_PLAYOUT_S);
}

/** Lets the receivers of a connection wait as the way wants it. */
export class Patience {
  #receivers;
  #lost = 0;
  #before = null; // {lost, received} of the last look
  #set = 0;

  constructor(receivers) {
    this.#receivers = receivers;
  }

  /** Look at the reports of getStats(); once a second or so. */
  look(reports) {
    const all = [...reports.values()];
    const now = packets(all.filter(({ type }) => type === 'inbound-rtp'));
    const lost = now.lost - (this.#before?.lost ?? now.lost);
    const received = now.received - (this.#before?.received ?? now.received);
    this.#before = now;
    const share = lost > 0 ? lost / Math.max(1, lost + received) : 0;
    this.#lost += (share > this.#lost ? RISE : FALL) * (share - this.#lost);
    const pair = all.find(({ type, state, nominated }) => type === 'candidate-pair' && nominated && state === 'succeeded');
    this.#wait(playoutS(this.#lost, pair?.currentRoundTripTime ?? FIRST_ROUND_TRIP_S));
  }

  #wait(seconds) {
    if (Math.abs(seconds - this.#set) < STEP_S && (seconds > 0 || this.#set === 0)) return;
    this.#set = seconds;
    for (const receiver of this.#receivers) {
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = seconds ? Math.round(seconds * 1_000) : null;
      else if ('playoutDelayHint' in receiver) receiver.playoutDelayHint = seconds || null; // Chromium before 124
    }
  }
}

/** What came of all streams for the first time, and what did not. */
function packets(streams) {
  const sum = (name) => streams.reduce((total, stream) => total + (stream[name] ?? 0), 0);
  return { lost: sum('packetsLost'), received: sum('packetsReceived') - sum('retransmittedPacketsReceived') };
}
