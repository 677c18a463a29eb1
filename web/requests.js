/** Control messages, each until its answer has come. */

const ANSWER_MS = 10_000; // a server may take 5 s to find out whose voice is meant
const MAX_MESSAGE_LENGTH = 65_536; // a longer one is refused without its id, which is not looked for

export class Requests {
  #pending = new Map(); // message id → {text, isSent, resolve, reject, timer}
  #nextId = 1;
  #channel = null;

  /** Send by this RTCDataChannel from now on, what has waited first; null: keep what comes until there is another. */
  set channel(channel) {
    this.#channel = channel;
    this.flush();
  }

  /** @returns {Promise<object>} the `ok` answer; rejects with the server's detail, or after 10 s. */
  send(message) {
    const id = message.id ?? `m${this.#nextId++}`;
    const text = JSON.stringify({ ...message, id });
    if (text.length > MAX_MESSAGE_LENGTH) {
      return Promise.reject(new Error(`a message has at most ${MAX_MESSAGE_LENGTH} characters, not ${text.length}`));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, new Error(`no answer to ${message.type}`)), ANSWER_MS);
      this.#pending.set(id, { text, isSent: false, resolve, reject, timer });
      this.flush();
    });
  }

  /** Send what waits, if the channel is open. */
  flush() {
    if (this.#channel?.readyState !== 'open') return;
    for (const message of this.#pending.values()) {
      if (!message.isSent) this.#channel.send(message.text);
      message.isSent = true;
    }
  }

  /** Hand an answer to whoever waits for it; @returns false if the message is none. */
  settle(message) {
    if (message.type === 'ok') this.#settle(message.id, null, message);
    else if (message.type === 'error') this.#settle(message.id, new Error(message.detail));
    else return false;
    return true;
  }

  /** The channel is lost, and so is every answer that was to come by it; what was not sent may wait for another. */
  lose(reason) {
    this.#channel = null;
    for (const [id, { isSent }] of this.#pending) {
      if (isSent) this.#settle(id, new Error(reason));
    }
  }

  /** Nothing will be answered any more. */
  end(reason) {
    for (const id of [...this.#pending.keys()]) this.#settle(id, new Error(reason));
  }

  #settle(id, error, answer) {
    const message = this.#pending.get(id);
    if (!message) return;
    this.#pending.delete(id);
    clearTimeout(message.timer);
    if (error) message.reject(error);
    else message.resolve(answer);
  }
}
