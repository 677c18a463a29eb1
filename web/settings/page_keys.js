/** Keys of a page: plain ones where nobody types, those with Ctrl and F keys everywhere. */

const TYPED = 'input:not([type=checkbox], [type=radio], [type=range], [type=color], [type=file]), textarea, select';

/** @param {Object<string, () => void>} keys `x`, `Ctrl+o`, `F1` → what they do. */
export function onPageKeys(keys) {
  document.addEventListener('keydown', (event) => {
    if (event.repeat || event.altKey || event.shiftKey || document.querySelector('dialog[open]')) return;
    const isControl = event.ctrlKey || event.metaKey;
    const isTyping = event.target.matches?.(TYPED);
    if (!isControl && event.key.length === 1 && isTyping) return;
    const react = keys[`${isControl ? 'Ctrl+' : ''}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`];
    if (!react) return;
    event.preventDefault();
    react();
  });
}
