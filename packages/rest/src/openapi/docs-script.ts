/** What the page does: shows every operation of `openapi.json` with its parameters, and sends it. */
export const DOCS_SCRIPT = `
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const fieldOf = (parameter) => {
  const input = make('input', { name: parameter.name, placeholder: parameter.in });
  if (parameter.in === 'path') input.value = parameter.example ?? '';
  const title = make('span', { textContent: parameter.name, title: parameter.description ?? '' });
  return { parameter, input, row: make('label', { title: parameter.description ?? '' }, title, input) };
};

const requestOf = (path, method, fields, body) => {
  const headers = {};
  const search = new URLSearchParams();
  let url = path;
  for (const { parameter, input } of fields) {
    if (parameter.in === 'path') {
      url = url.replace('{' + parameter.name + '}', input.value.split('/').map(encodeURIComponent).join('/'));
    } else if (input.value !== '') {
      if (parameter.in === 'query') search.append(parameter.name, input.value);
      else headers[parameter.name] = input.value;
    }
  }
  const token = document.querySelector('#token').value;
  if (token !== '') headers.authorization = 'Bearer ' + token;
  if (body !== null) headers['content-type'] = 'application/json';
  if (search.size > 0) url += '?' + search;
  return [url, { method: method.toUpperCase(), headers, ...(body !== null && { body }) }];
};

const show = async (output, [url, options]) => {
  output.textContent = options.method + ' ' + url + '\\n';
  try {
    const response = await fetch(url, options);
    output.textContent += response.status + ' ' + response.statusText + '\\n';
    for (const name of ['etag', 'code', 'trace']) {
      if (response.headers.has(name)) output.textContent += name + ': ' + response.headers.get(name) + '\\n';
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) output.textContent += part.value;
  } catch (error) {
    output.textContent += error.message;
  }
};

const formOf = (path, method, operation) => {
  const fields = operation.parameters.map(fieldOf);
  const main = fields.filter(({ parameter }) => parameter.in === 'path').map(({ row }) => row);
  const others = fields.filter(({ parameter }) => parameter.in !== 'path').map(({ row }) => row);
  const body = operation.requestBody ? make('textarea', { rows: 4, placeholder: 'JSON', name: 'body' }) : null;
  const output = make('pre');
  const form = make('form', {}, ...main, ...(body ? [body] : []));
  if (others.length > 0) form.append(make('details', {}, make('summary', { textContent: 'parameters' }), ...others));
  form.append(make('button', { textContent: 'Send' }), output);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    show(output, requestOf(path, method, fields, body && body.value));
  });
  return form;
};

const start = async () => {
  const { paths } = await (await fetch('/openapi.json')).json();
  const list = document.querySelector('main');
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const title = make('summary', {}, make('b', { textContent: method.toUpperCase() }), ' ' + path);
      const entry = make('details', { className: 'operation' }, title, make('p', { textContent: operation.summary }));
      entry.append(formOf(path, method, operation));
      list.append(entry);
    }
  }
};

start();
`;
