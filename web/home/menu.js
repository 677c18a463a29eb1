/** A <details> that lies over the page, such as a list of backgrounds: it closes as a menu does. */

/** Close it by Escape, by a click beside it, and when the focus leaves it. @param {HTMLDetailsElement} $menu */
export function closeAsMenu($menu) {
  const close = () => { $menu.open = false; };
  document.addEventListener('pointerdown', ({ target }) => { if (!$menu.contains(target)) close(); });
  $menu.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget && !$menu.contains(relatedTarget)) close();
  });
  $menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !$menu.open) return;
    event.stopPropagation(); // Escape elsewhere stops the speech
    close();
    $menu.querySelector('summary').focus();
  });
}
