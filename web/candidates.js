/** The candidates of an offer: those found at once stand in it, those found later follow by PATCH. */

const GATHER_MS = 150;

export class Candidates {
  #pc;
  #signal;
  #late = [];
  #isOffered = false;
  #send = null;

  /** @param {RTCPeerConnection} pc without a local description yet. @param {AbortSignal} signal ends it. */
  constructor(pc, signal) {
    this.#pc = pc;
    this.#signal = signal;
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (this.#isOffered) this.#add(candidate);
    }, { signal });
  }

  /** Make the local description, and wait for what is found at once. */
  async gather() {
    const pc = this.#pc;
    const complete = new Promise((resolve) => {
      pc.addEventListener('icegatheringstatechange', () => {
        if (pc.iceGatheringState === 'complete') resolve();
      }, { signal: this.#signal });
    });
    await pc.setLocalDescription();
    await Promise.race([complete, new Promise((resolve) => { setTimeout(resolve, GATHER_MS); })]);
    this.#isOffered = true;
  }

  /** There is an answer: send what was found later, and what will be. @param {string} resource of WHEP. */
  forward(resource, { tag, headers }) {
    const how = { 'Content-Type': 'application/trickle-ice-sdpfrag', ...(tag && { 'If-Match': tag }), ...headers };
    this.#send = (found) => {
      // A server without trickle refuses (405, 501): then the candidates in the offer have to do.
      fetch(resource, { method: 'PATCH', headers: how, body: this.#fragment(found), signal: this.#signal }).catch(() => {});
    };
    if (this.#late.length) this.#send(this.#late.splice(0));
  }

  #add(candidate) {
    this.#late.push(candidate);
    if (this.#send) this.#send(this.#late.splice(0));
  }

  /** RFC 8840; null among the candidates is the end of them. */
  #fragment(candidates) {
    const { sdp } = this.#pc.localDescription;
    const lines = ['ice-ufrag', 'ice-pwd'].map((name) => sdp.match(new RegExp(`^a=${name}:.*$`, 'm'))?.[0]);
    lines.push(sdp.match(/^m=.*$/m)[0], sdp.match(/^a=mid:.*$/m)[0]);
    lines.push(...candidates.map((found) => (found?.candidate ? `a=${found.candidate}` : 'a=end-of-candidates')));
    return `${lines.join('\r\n')}\r\n`;
  }
}
