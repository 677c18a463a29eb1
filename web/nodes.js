/** Elements of a page, made where they are needed. */

/** An element with properties and children. */
export function node(tag, properties = {}, ...children) {
  const $node = Object.assign(document.createElement(tag), properties);
  $node.append(...children);
  return $node;
}

/** Text with `code` in it, as nodes. */
export function words(text) {
  return text.split(/`+/).map((part, place) => (place % 2 ? node('code', { textContent: part }) : part));
}
