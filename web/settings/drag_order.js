/** Rows of a list are put into another order by dragging a grip, with a mouse, a pen or a finger. */

/**
 * @param {HTMLElement} list whose children are the rows. @param {string} grip selector of what is dragged within a row.
 * @param {(from: number, to: number) => void} onMove when a row was let go of at another place.
 */
export function makeSortable(list, grip, onMove) {
  list.addEventListener('pointerdown', (event) => {
    const $grip = event.target.closest(grip);
    if (!$grip || event.button !== 0) return;
    event.preventDefault(); // no text is marked meanwhile
    $grip.focus();
    new Drag(list, $grip.closest('li'), event, onMove);
  });
}

class Drag {
  #rows;
  #row;
  #from;
  #to;
  #beginY;
  #boxes;
  #onMove;
  #listening = new AbortController();

  constructor(list, row, { clientY, pointerId }, onMove) {
    this.#rows = [...list.children];
    this.#row = row;
    this.#from = this.#to = this.#rows.indexOf(row);
    this.#beginY = clientY;
    this.#boxes = this.#rows.map((each) => each.getBoundingClientRect());
    this.#onMove = onMove;
    const { signal } = this.#listening;
    const own = (react) => (event) => { if (event.pointerId === pointerId) react(event); };
    document.addEventListener('pointermove', own((event) => this.#follow(event.clientY)), { signal });
    document.addEventListener('pointerup', own(() => this.#end(true)), { signal });
    document.addEventListener('pointercancel', own(() => this.#end(false)), { signal });
    document.addEventListener('keydown', (event) => { if (event.key === 'Escape') this.#end(false); }, { signal });
    row.classList.add('dragged');
  }

  #follow(y) {
    const way = y - this.#beginY;
    const { top, height } = this.#boxes[this.#from];
    const middle = top + height / 2 + way;
    const passed = this.#boxes.filter((box, place) => place !== this.#from && box.top + box.height / 2 < middle).length;
    this.#to = passed;
    for (const [place, each] of this.#rows.entries()) {
      const isBetween = (place > this.#from && place <= this.#to) || (place < this.#from && place >= this.#to);
      const shift = place === this.#from ? way : isBetween ? Math.sign(this.#from - this.#to) * (height + 6) : 0;
      each.style.translate = shift ? `0 ${shift}px` : '';
    }
  }

  #end(isMeant) {
    this.#listening.abort();
    this.#row.classList.remove('dragged');
    for (const each of this.#rows) each.style.translate = '';
    if (isMeant && this.#to !== this.#from) this.#onMove(this.#from, this.#to);
  }
}
