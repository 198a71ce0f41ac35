// The whole model as one vertical flow, on this run's own numbers. A part presses its page's link in
// the strip of stages, so that Back and the address do as for every link.
// Uses shared/saving.js.
const PARTS = [
  { id: 'text', page: 'tokens' }, { id: 'tokens', page: 'tokens' }, { id: 'embedding', page: 'embedding' },
  { id: 'position', page: 'position' }, { id: 'input', page: 'position' }, { id: 'blocks', page: 'residual' },
  { id: 'attention', page: 'attention' }, { id: 'mlp', page: 'feed_forward' },
  { id: 'norm', page: 'layer_norm' }, { id: 'logits', page: 'output' }, { id: 'next', page: 'output' },
];
const STEP_MS = 170;

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const number = (value) => Number(value).toLocaleString('en-US');
const floats = (table) => (table ? table.getChildAt(0).toArray() : new Float32Array(0));

// Colours come from the theme's variables, resolved once a repaint.
function resolved(root, names) {
  const probe = make('i');
  root.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  });
  probe.remove();
  return found;
}

function strip(root, values, rows, columns) {
  let top = 0;
  for (const value of values) top = Math.max(top, Math.abs(value));
  const canvas = make('canvas', 'strip');
  canvas.width = columns; canvas.height = rows;
  canvas.style.setProperty('--rows', rows);
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  const [ground, positive, negative] = resolved(root, ['ground', 'positive', 'negative']);
  values.forEach((value, index) => {
    const end = value < 0 ? negative : positive;
    const share = top ? Math.abs(value) / top : 0;
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * index + channel] = ground[channel] + (end[channel] - ground[channel]) * share;
    }
    image.data[4 * index + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  const range = make('span', 'range mono', `−${top.toFixed(2)} … ${top.toFixed(2)}`);
  return make('div', 'picture', canvas, range);
}

/** Weights 0 … 1; colour follows the square root, as on the attention page. The future is left out. */
function attentionMap(root, pattern, size) {
  const canvas = make('canvas', 'map');
  canvas.width = size; canvas.height = size;
  const context = canvas.getContext('2d');
  const image = context.createImageData(size, size);
  const [ground, full] = resolved(root, ['ground', 'attention']);
  pattern.forEach((weight, index) => {
    const isMasked = index % size > Math.floor(index / size);
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * index + channel] = ground[channel] + (full[channel] - ground[channel]) * Math.sqrt(weight);
    }
    image.data[4 * index + 3] = isMasked ? 0 : 255;
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

function part(id, name, what, { shape, count, share, picture, isLearned } = {}) {
  const node = make('button', `part ${isLearned ? 'learned' : ''}`);
  node.type = 'button';
  node.dataset.part = id;
  const head = make('span', 'head', make('span', 'name', name), make('span', 'what', what));
  const sizes = make('span', 'sizes mono',
    shape ? make('span', 'shape', shape) : null,
    count === undefined ? null : make('span', 'count', `${number(count)} parameters`, share ?? ''));
  node.append(make('span', 'line', head, sizes));
  if (picture) node.append(picture);
  return node;
}

function pieces(data) {
  const row = make('span', 'pieces');
  data.labels.forEach((label, index) => {
    const piece = make('span', 'token', label);
    const position = data.first + index;
    piece.style.background = `var(--tint-${position % 6})`;
    piece.classList.toggle('start', position === 0 && data.has_start);
    row.append(piece);
  });
  return row;
}

function bars(data) {
  const list = make('span', 'bars');
  data.top.forEach(([label, percent, share]) => {
    const bar = make('span', 'bar');
    bar.style.width = `${Math.max(share * 100, 0.5)}%`;
    list.append(make('span', 'row', make('span', 'token', label), make('span', 'track', bar),
      make('span', 'mono percent', percent)));
  });
  return list;
}

function blockChoice(data, choose) {
  const row = make('div', 'choice');
  row.setAttribute('role', 'group');
  row.setAttribute('aria-label', 'Which block is drawn');
  for (let index = 0; index < data.n_layer; index += 1) {
    const button = make('button', index === data.block ? 'chosen' : '', String(index + 1));
    button.type = 'button';
    button.setAttribute('aria-pressed', String(index === data.block));
    button.setAttribute('aria-label', `Draw block ${index + 1}`);
    button.onclick = () => choose(index);
    row.append(button);
  }
  return row;
}

function draw(root, data, choose) {
  const strips = floats(data.strips);
  const size = data.shown * data.dims;
  const take = (index) => strip(root, strips.slice(index * size, (index + 1) * size), data.shown, data.dims);
  const [T, d] = [data.T, data.d_model];
  const vectors = `T × d_model = ${T} × ${d}`;
  const counts = data.counts;
  const map = attentionMap(root, floats(data.pattern), data.shown);

  const embedding = make('div', 'pair',
    part('embedding', 'Token embedding', 'one learned row for each token', {
      shape: `${number(data.vocab_size)} × ${d}`, count: counts.token_embedding, picture: take(0), isLearned: true }),
    make('span', 'sign', '+'),
    part('position', 'Position embedding', 'one learned row for each place', {
      shape: `${number(data.block_size)} × ${d}`, count: counts.position_embedding, picture: take(1), isLearned: true }));

  const inside = make('div', 'inside',
    part('attention', 'Causal attention', `each token fetches from itself and earlier ones, in ${data.n_head} heads`, {
      shape: `${data.n_head} heads × ${T} × ${T}`, count: counts.attention,
      picture: make('div', 'picture side', map,
        make('span', 'caption', `head ${data.head + 1} of block ${data.block + 1}; hatched: the future, masked`)) }),
    make('span', 'sign', '⊕'),
    part('mlp', 'Feed-forward', 'each token by itself: widen, bend, bring back', {
      shape: `${d} → ${number(4 * d)} → ${d}`, count: counts.mlp, picture: take(4) }),
    make('span', 'sign', '⊕'));
  const blocks = make('div', 'blocks',
    make('div', 'line',
      part('blocks', `${data.n_layer} blocks, one after the other`,
        'each adds to the vectors twice: what attention fetched, what the feed-forward layer made of it', {
          count: counts.block, share: ` each, with two LayerNorms` })),
    blockChoice(data, choose), inside);

  return [
    part('text', 'Text', 'what you typed', { shape: `${number(data.characters)} characters` }),
    part('tokens', 'Tokens', 'the pieces the model reads', { shape: `T = ${T}`, picture: pieces(data) }),
    embedding,
    part('input', 'Input', 'token row + position row: the residual stream begins', { shape: vectors, picture: take(2) }),
    blocks,
    part('norm', 'Final LayerNorm', 'each vector centred and brought to one scale', {
      shape: vectors, count: counts.norm, picture: take(3) }),
    part('logits', 'Output', 'a score, called logit, for every token of the vocabulary', {
      shape: `T × vocab_size = ${T} × ${number(data.vocab_size)}`,
      count: counts.unembedding, share: data.is_tied ? ': the token embedding again, counted above' : '' }),
    part('next', 'Next token', `probabilities after ${data.labels[data.labels.length - 1]}, before temperature and filters`, { picture: bars(data) }),
  ];
}

/** The numbers of every strip, then the bars. */
function tableOf(data) {
  const values = floats(data.strips), rows = [];
  const names = ['token embedding', 'position embedding', 'input', 'final LayerNorm', `feed-forward of block ${data.block + 1}`];
  names.forEach((name, strip) => {
    for (let row = 0; row < data.shown; row += 1) {
      for (let dim = 0; dim < data.dims; dim += 1) {
        rows.push([name, data.first + row, data.labels[row], dim, values[(strip * data.shown + row) * data.dims + dim]]);
      }
    }
  });
  const last = data.T - 1;
  const bars = data.top.map(([label, , share]) => ['probability of', last, label, '', share]);
  return [['part', 'position', 'token', 'dimension', 'value'], ...rows, ...bars];
}

function play(root, flow) {
  const nodes = [...flow.querySelectorAll('.part')];
  root._animations?.forEach((animation) => animation.cancel());
  root._animations = [];
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  nodes.forEach((node, index) => {
    const timing = { duration: 400, delay: index * STEP_MS, fill: 'backwards', easing: 'ease-out' };
    root._animations.push(node.animate([
      { opacity: 0.25, borderColor: 'var(--accent)', transform: 'translateY(-4px)' },
      { opacity: 1, borderColor: 'var(--accent)', transform: 'none', offset: 0.6 },
      { opacity: 1, transform: 'none' },
    ], timing));
  });
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector('.root');
  const flow = make('div', 'flow');
  flow.setAttribute('role', 'group');
  flow.setAttribute('aria-label', data.summary);
  flow.append(...draw(root, data, (block) => setStateValue('block', block)));
  const scope = data.shown < data.T ? `the last ${data.shown} of ${data.T} tokens` : `all ${data.T} tokens`;
  const legend = make('p', 'legend', `Strips: ${scope}, one a row; the first ${data.dims} of `,
    `${data.d_model} numbers of each, slate below 0, amber above. A double frame holds what was learned. `);
  const replay = make('button', 'replay', 'Replay the flow');
  replay.type = 'button';
  replay.onclick = () => play(root, flow);
  const total = make('p', 'total mono', data.total);
  const drawn = () => {
    root._animations?.forEach((animation) => animation.finish());
    return { title: data.title, name: 'flow', nodes: [flow, total, legend] };
  };
  const saves = savingRow(root, drawn, () => tableOf(data));
  root.replaceChildren(flow, total, make('div', 'line', legend, replay), saves);
  flow.querySelectorAll('.part').forEach((node) => {
    const { page } = PARTS.find((candidate) => candidate.id === node.dataset.part);
    node.onclick = () => document.querySelector(`.st-key-where-${page} a`).click();
  });
  flow.onpointerdown = () => root._animations?.forEach((animation) => animation.finish());
  if (root._run !== data.run) {
    root._run = data.run;
    play(root, flow);
  }
}
