/** The light table: source and pose at the same zoom, scrolled together. */

export class LightTable {
  #panes;
  #select;

  /** @param {HTMLElement} panes with figures that have a `.paper`. @param {HTMLSelectElement} select of the zoom: fit or a factor. */
  constructor(panes, select) {
    this.#panes = panes;
    this.#select = select;
    select.addEventListener('change', () => this.#zoom());
    const $papers = [...panes.querySelectorAll('.pane:not(.live) .paper')];
    for (const $paper of $papers) {
      $paper.addEventListener('scroll', () => this.#follow($paper, $papers), { passive: true });
      $paper.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
      $paper.addEventListener('keydown', (event) => this.#key(event));
      $paper.querySelector('img').addEventListener('load', () => this.#zoom());
    }
  }

  #zoom() {
    const zoom = this.#select.value;
    this.#panes.dataset.zoom = zoom === 'fit' ? 'fit' : Number(zoom) > 1 ? 'large' : 'real';
    for (const $image of this.#panes.querySelectorAll('.paper img')) {
      const factor = Number(zoom);
      $image.style.inlineSize = zoom === 'fit' ? '' : `${$image.naturalWidth * factor}px`;
      $image.style.blockSize = zoom === 'fit' ? '' : `${$image.naturalHeight * factor}px`;
    }
  }

  #follow($paper, $papers) {
    for (const $other of $papers) {
      if ($other === $paper) continue;
      $other.scrollLeft = $paper.scrollLeft;
      $other.scrollTop = $paper.scrollTop;
    }
  }

  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#step(event.deltaY < 0 ? 1 : -1);
  }

  #key(event) {
    const steps = { '+': 1, '=': 1, '-': -1 };
    if (event.ctrlKey || !(event.key in steps)) return;
    event.preventDefault();
    this.#step(steps[event.key]);
  }

  #step(by) {
    const at = this.#select.selectedIndex + by;
    if (!this.#select.options[at]) return;
    this.#select.selectedIndex = at;
    this.#zoom();
  }
}
