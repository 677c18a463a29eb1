/** Figures of a peer connection as a person wants them: rates over the last interval, not totals. */

const SHORTEST_MS = 400; // read more often, the last figures are given again

export class StatsReader {
  #pc;
  #last = null; // {at, video} of the interval's start
  #figures = null;
  #pending = null;

  constructor(pc) {
    this.#pc = pc;
  }

  /** Bytes received on all transports since the start. */
  static bytesReceived(reports) {
    return [...reports.values()].filter(({ type }) => type === 'transport').reduce((sum, t) => sum + t.bytesReceived, 0);
  }

  /**
   * Readers share one interval, so that two of them do not halve it for each other.
   * @returns {Promise<object>} fps, bitrate_bps, round_trip_ms, jitter_buffer_ms, decode_ms, width and height of
   *   the coded picture in px, codec, packets_lost and frames_dropped since the start; null where not known (yet).
   */
  read() {
    this.#pending ??= this.#read().finally(() => { this.#pending = null; });
    return this.#pending;
  }

  async #read() {
    if (this.#figures && performance.now() - this.#last.at < SHORTEST_MS) return this.#figures;
    const reports = await this.#pc.getStats();
    const all = [...reports.values()];
    const video = all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video') ?? {};
    const received = all.filter(({ type }) => type === 'inbound-rtp').reduce((sum, r) => sum + r.bytesReceived, 0);
    const pair = all.find(({ type, state, nominated }) => type === 'candidate-pair' && nominated && state === 'succeeded');
    const now = { at: performance.now(), video, received };
    const before = this.#last ?? now;
    const seconds = (now.at - before.at) / 1_000;
    const grown = (name) => (video[name] ?? 0) - (before.video[name] ?? 0);
    this.#figures = {
      fps: ratio(grown('framesDecoded'), seconds),
      bitrate_bps: ratio((received - before.received) * 8, seconds),
      round_trip_ms: milliseconds(pair?.currentRoundTripTime),
      jitter_buffer_ms: milliseconds(ratio(grown('jitterBufferDelay'), grown('jitterBufferEmittedCount'))),
      decode_ms: milliseconds(ratio(grown('totalDecodeTime'), grown('framesDecoded'))),
      width: video.frameWidth ?? null,
      height: video.frameHeight ?? null,
      codec: reports.get(video.codecId)?.mimeType.replace('video/', '') ?? null,
      packets_lost: video.packetsLost ?? null,
      frames_dropped: video.framesDropped ?? null,
    };
    this.#last = now;
    return this.#figures;
  }
}

function ratio(value, by) {
  return by > 0 ? value / by : null;
}

function milliseconds(seconds) {
  return seconds == null ? null : seconds * 1_000;
}
