/** Reads an OpenAPI 3.1 document as far as a page needs it to offer its operations for trying. */

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const FORM = 'multipart/form-data';

/**
 * Chapter → its operations, in the order of the document's tags, else of the paths.
 * @returns {Map<string, object[]>} operations {id, method, path, summary, description, parameters, bodies, responses,
 *   isSocket, isBinary}; bodies: [{kind, types, example, schema}], kind: json | text | form | file.
 */
export function chapters(document) {
  const found = new Map((document.tags ?? []).map(({ name }) => [name, []]));
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((each) => each in item)) {
      const operation = read(document, path, method, item);
      const tag = item[method].tags?.[0] ?? 'others';
      found.set(tag, [...found.get(tag) ?? [], operation]);
    }
  }
  return new Map([...found].filter(([, operations]) => operations.length));
}

function read(document, path, method, item) {
  const { operationId, summary = '', description = '', parameters = [], requestBody, responses = {} } = item[method];
  const answers = Object.entries(responses).map(([status, response]) => [status, resolved(document, response)]);
  const [, answer] = answers.find(([status]) => status < 400) ?? [];
  const types = Object.keys(answer?.content ?? {});
  return {
    id: operationId ?? `${method}${path.replace(/\W+/g, '_')}`,
    method: method.toUpperCase(),
    path,
    summary,
    description,
    parameters: [...item.parameters ?? [], ...parameters].map((each) => resolved(document, each)),
    bodies: bodies(document, resolved(document, requestBody)?.content ?? {}),
    responses: answers.map(([status, response]) => ({ status, description: response.description ?? '' })),
    isSocket: '101' in responses,
    isBinary: types.length > 0 && !types.some((type) => isJson(type) || type.startsWith('text/')),
  };
}

/** The ways to send a body: all JSON or text types one by one, all files together, a form. */
function bodies(document, content) {
  const all = Object.entries(content).map(([type, { schema, example, examples }]) => {
    const declared = resolved(document, schema) ?? {};
    const shown = example ?? Object.values(examples ?? {})[0]?.value ?? declared.example ?? declared.examples?.[0];
    return { kind: kindOf(type), types: [type], schema: declared, example: shown };
  });
  const files = all.filter(({ kind }) => kind === 'file');
  const file = files.length ? [{ ...files[0], types: files.flatMap(({ types }) => types) }] : [];
  const of = (...kinds) => all.filter(({ kind }) => kinds.includes(kind));
  return [...of('json', 'text'), ...file, ...of('form')];
}

function kindOf(type) {
  if (isJson(type)) return 'json';
  if (type === FORM) return 'form';
  return /^text\/|sdp/.test(type) ? 'text' : 'file';
}

/** True for `application/json` and everything that ends in `+json`. */
export function isJson(type) {
  return /^application\/([\w.-]+\+)?json\b/.test(type);
}

/** What a reference within the document refers to; anything else as it is. */
export function resolved(document, node) {
  if (!node?.$ref) return node;
  const { $ref, ...beside } = node;
  const keys = $ref.slice(2).split('/').map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'));
  return { ...resolved(document, keys.reduce((part, key) => part[key], document)), ...beside };
}

/**
 * A request as a line for a POSIX shell.
 * @param {{method: string, url: string, headers: Object<string, string>, body: ?(string|File|FormData)}} request
 * @param {boolean} isBinary whether the answer is no text: then curl writes it to a file.
 */
export function curl({ method, url, headers, body }, isBinary = false) {
  const parts = ['curl'];
  const isPlain = method === 'GET' || (method === 'POST' && body);
  if (!isPlain) parts.push(`-X ${method}`);
  parts.push(quoted(url));
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body instanceof FormData) {
    for (const [name, value] of body) parts.push(`-F ${quoted(value instanceof File ? `${name}=@${value.name}` : `${name}=${value}`)}`);
  } else if (body instanceof File) {
    parts.push(`--data-binary ${quoted(`@${body.name}`)}`);
  } else if (body) {
    parts.push(`--data-raw ${quoted(compact(body))}`);
  }
  if (isBinary) parts.push('-o answer');
  return parts.join(' ');
}

/** JSON in one line; anything else as it is. */
function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
