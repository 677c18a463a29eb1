/** One operation of the API, to be filled in and sent. */

import { Answer } from './api_answer.js';
import { fetchWithKey } from './key.js';
import { node, words } from './nodes.js';
import { curl } from './openapi.js';

const DEFAULTS = { avatar: new URLSearchParams(location.search).get('avatar') ?? 'main' };

export class OperationForm {
  #operation;
  #form;
  #fields = []; // {where, name, input, byDefault}
  #body = () => ({}); // → {headers, body}
  #line = node('code', { className: 'line' });
  #send = node('button', { className: 'tool go', textContent: 'Send' });
  #answer = new Answer();
  #controller = null; // of the request under way

  /** @param {object} operation of openapi.js. */
  constructor(operation) {
    this.#operation = operation;
    this.#form = node('form', { className: 'trial' });
    const { description, parameters, bodies, responses, isSocket } = operation;
    if (description) this.#form.append(...description.split(/\n{2,}/).map((text) => node('p', {}, ...words(text))));
    if (parameters.length) this.#form.append(this.#parameters(parameters));
    if (bodies.length) this.#form.append(this.#bodies(bodies));
    this.#form.append(this.#foot(isSocket), this.#answer.root, statuses(responses));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#controller) this.#controller.abort();
      else this.#try();
    });
    this.#form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
    this.#form.addEventListener('input', () => this.#tell());
    this.#tell();
  }

  get root() { return this.#form; }

  #parameters(parameters) {
    const $all = node('div', { className: 'fields' });
    for (const { name, in: where, required, schema = {}, description } of parameters) {
      const $input = field(schema, DEFAULTS[name]);
      $input.required = Boolean(required);
      this.#fields.push({ where, name, $input, byDefault: schema.default });
      const $name = node('span', {}, name, node('small', { textContent: required ? where : `${where}, optional` }));
      $all.append(node('label', { title: description ?? '' }, $name, $input));
    }
    return $all;
  }

  #bodies(bodies) {
    const $all = node('div', { className: 'bodies' });
    const parts = bodies.map((body) => bodyPart(body));
    const show = (part) => {
      this.#body = part.read;
      $all.replaceChildren(...(parts.length > 1 ? [$ways] : []), part.$node);
    };
    const $ways = node('select', { className: 'tool', ariaLabel: 'Body' }, ...bodies.map(({ kind, types }) => new Option(
      kind === 'file' ? `file: ${types.map((type) => type.split('/')[1]).join(', ')}` : types[0],
    )));
    $ways.addEventListener('change', () => {
      show(parts[$ways.selectedIndex]);
      $ways.focus();
    });
    show(parts[0]);
    return $all;
  }

  #foot(isSocket) {
    const $copy = node('button', { type: 'button', className: 'tool', textContent: 'Copy' });
    $copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(this.#line.textContent);
        $copy.textContent = 'Copied';
        setTimeout(() => { $copy.textContent = 'Copy'; }, 1_500);
      } catch {
        getSelection().selectAllChildren(this.#line); // not a secure page: the user copies by hand
      }
    });
    return node('div', { className: 'foot' }, ...(isSocket ? [] : [this.#send]), this.#line, $copy);
  }

  /** What would be sent now. */
  #request() {
    const { method, path } = this.#operation;
    const given = this.#fields.filter(({ $input, byDefault }) => $input.value && $input.value !== String(byDefault ?? ''));
    const url = new URL(`.${path.replace(/\{(\w+)\}/g, (hole, name) => {
      const value = this.#fields.find((each) => each.where === 'path' && each.name === name)?.$input.value;
      return value ? encodeURIComponent(value) : hole;
    })}`, document.baseURI);
    for (const { where, name, $input } of given) if (where === 'query') url.searchParams.set(name, $input.value);
    const own = given.filter(({ where }) => where === 'header').map(({ name, $input }) => [name, $input.value]);
    const { headers, body } = this.#body();
    return { method, url: decodeHoles(url.href), headers: { ...Object.fromEntries(own), ...headers }, body };
  }

  #tell() {
    const request = this.#request();
    const { isSocket, isBinary } = this.#operation;
    this.#line.textContent = isSocket
      ? `new WebSocket(${JSON.stringify(request.url.replace(/^http/, 'ws'))})`
      : curl(request, isBinary);
  }

  async #try() {
    const { method, url, headers, body } = this.#request();
    this.#controller = new AbortController();
    this.#send.textContent = 'Stop';
    const start = performance.now();
    this.#answer.wait();
    try {
      const response = await fetchWithKey(url, { method, headers, body, signal: this.#controller.signal, cache: 'no-store' });
      await this.#answer.show(response, start, this.#controller);
    } catch (error) {
      this.#answer.fail(error.name === 'AbortError' ? 'Stopped.' : 'The server cannot be reached.');
    } finally {
      this.#controller = null;
      this.#send.textContent = 'Send';
    }
  }
}

/** The field of a parameter or of a form's part. */
function field({ type, enum: values, default: byDefault, format, examples }, own) {
  if (format === 'binary') return node('input', { type: 'file' });
  const choices = values ?? (type === 'boolean' ? [true, false] : null);
  if (choices) {
    const $select = node('select', {}, ...choices.map((each) => new Option(each)));
    $select.value = own ?? byDefault ?? choices[0];
    return $select;
  }
  return node('input', { type: 'text', value: own ?? examples?.[0] ?? byDefault ?? '', spellcheck: false, autocomplete: 'off' });
}

/** @returns {{$node: HTMLElement, read: () => {headers: object, body: *}}} */
function bodyPart({ kind, types, example, schema }) {
  if (kind === 'form') return formPart(schema);
  if (kind === 'file') {
    const $file = node('input', { type: 'file', accept: types.join(), ariaLabel: 'File', required: true });
    const read = () => ({ headers: { 'Content-Type': $file.files[0]?.type || types[0] }, body: $file.files[0] });
    return { $node: $file, read };
  }
  const text = kind === 'json' ? JSON.stringify(example ?? {}, null, 2) : example ?? '';
  const rows = Math.min(16, Math.max(3, text.split('\n').length));
  const $text = node('textarea', { rows, spellcheck: false, value: text, ariaLabel: `Body, ${types[0]}` });
  // A textarea knows line feeds only; SDP wants carriage returns before them.
  const sent = () => (types[0].includes('sdp') ? $text.value.replaceAll('\n', '\r\n') : $text.value);
  const $schema = kind === 'json' && node('details', { className: 'aside' }, node('summary', { textContent: 'What it takes' }),
    node('pre', { textContent: JSON.stringify(schema, null, 2), tabIndex: 0 }));
  return { $node: node('div', {}, $text, $schema || ''), read: () => ({ headers: { 'Content-Type': types[0] }, body: sent() }) };
}

function formPart({ properties = {}, required = [] }) {
  const parts = Object.entries(properties).map(([name, declared]) => ({ name, $input: field(declared) }));
  const $node = node('div', { className: 'fields' }, ...parts.map(({ name, $input }) => {
    $input.required = required.includes(name);
    return node('label', {}, node('span', {}, name, node('small', { textContent: $input.required ? 'part' : 'part, optional' })), $input);
  }));
  const read = () => {
    const body = new FormData();
    for (const { name, $input } of parts) {
      const value = $input.type === 'file' ? $input.files[0] : $input.value;
      if (value) body.append(name, value);
    }
    return { headers: {}, body };
  };
  return { $node, read };
}

function statuses(responses) {
  const rows = responses.flatMap(({ status, description }) => [
    node('dt', { textContent: status }), node('dd', {}, ...words(description)),
  ]);
  return node('details', { className: 'aside' }, node('summary', { textContent: 'What it may answer' }), node('dl', {}, ...rows));
}

/** What is still to be filled in stays legible. */
function decodeHoles(url) {
  return url.replace(/%7B(\w+)%7D/g, '{$1}');
}
