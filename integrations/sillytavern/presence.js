/** What becomes of the avatar while nobody looks: it stands still at once, and is let go of after a while. */

export class Presence {
  #page;
  #does;
  #timer = 0;
  #isAway = false;
  #isGone = false;

  /**
   * @param {Document} page @param {{awayS: function(): number, isBusy: function(): boolean, pause: function(boolean),
   *   leave: function(), come: function()}} does awayS: after how many seconds it is let go of, 0 is never; isBusy: whether
   *   something is still heard.
   */
  constructor(page, does) {
    this.#page = page;
    this.#does = does;
    page.addEventListener('visibilitychange', this.#onChange);
  }

  /** Whether nobody has looked for so long that it was let go of. */
  get isLeft() { return this.#isGone; }

  close() {
    clearTimeout(this.#timer);
    this.#page.removeEventListener('visibilitychange', this.#onChange);
  }

  #onChange = () => {
    const isAway = this.#page.visibilityState === 'hidden';
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    clearTimeout(this.#timer);
    if (isAway) {
      this.#does.pause(true);
      this.#wait();
      return;
    }
    this.#does.pause(false);
    if (!this.#isGone) return;
    this.#isGone = false;
    this.#does.come();
  };

  #wait() {
    const seconds = this.#does.awayS();
    if (seconds <= 0) return;
    this.#timer = setTimeout(() => {
      if (this.#does.isBusy()) return this.#wait(); // who listens to it in another tab hears the end
      this.#isGone = true;
      this.#does.leave();
    }, seconds * 1_000);
  }
}
