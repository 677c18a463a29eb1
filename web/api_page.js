/** /api.html: every operation of the server, from its OpenAPI document, to be tried. */

import { OperationForm } from './api_operation.js';
import { node, words } from './nodes.js';
import { chapters } from './openapi.js';

const $ = (id) => document.getElementById(id);
const opened = new Map(); // id → <details>

function row(operation) {
  const { id, method, path, summary } = operation;
  const $row = node('details', { className: 'operation', id }, node('summary', {},
    node('b', { className: `method ${method.toLowerCase()}`, textContent: method }),
    node('code', {}, ...path.split('/').flatMap((part, place) => (place ? ['/', node('wbr'), part] : [part]))),
    node('span', {}, ...words(summary)),
  ));
  $row.dataset.words = `${method} ${path} ${id} ${summary}`.toLowerCase();
  $row.addEventListener('toggle', () => {
    if (!$row.open) return;
    if ($row.childElementCount === 1) $row.append(new OperationForm(operation).root);
    history.replaceState(null, '', `#${id}`);
  });
  opened.set(id, $row);
  return $row;
}

function show(description) {
  $('version').textContent = description.info.version;
  for (const [name, operations] of chapters(description)) {
    const $title = node('h2', { id: `chapter-${name}`, textContent: name });
    $('operations').append(node('section', { className: 'chapter' }, $title, ...operations.map(row)));
    const $link = node('a', { className: 'tool', href: `#chapter-${name}`, textContent: name });
    $link.append(node('small', { textContent: operations.length }));
    $('chapters').append($link);
  }
  openAsked();
}

/** The operation that the address names. */
function openAsked() {
  const $row = opened.get(decodeURIComponent(location.hash.slice(1)));
  if (!$row) return;
  $row.open = true;
  $row.scrollIntoView();
}

function filter() {
  const wanted = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const $row of opened.values()) $row.hidden = !wanted.every((word) => $row.dataset.words.includes(word));
  for (const $chapter of document.querySelectorAll('.chapter')) $chapter.hidden = !$chapter.querySelector('.operation:not([hidden])');
  $('nothing').hidden = !opened.size || Boolean(document.querySelector('.operation:not([hidden])'));
}

$('filter').addEventListener('input', filter);
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select')) return;
  event.preventDefault();
  $('filter').focus();
});
addEventListener('hashchange', openAsked);

try {
  const response = await fetch(new URL('openapi.json', document.baseURI));
  if (!response.ok) throw new Error(`The server gives no description of its API: ${response.status} ${response.statusText}.`);
  show(await response.json());
} catch (error) {
  $('alert').firstElementChild.textContent = error instanceof TypeError ? 'The server cannot be reached.' : error.message;
  $('alert').hidden = false;
}
