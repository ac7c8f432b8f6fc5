/** Draws a chart of times over sizes, both in powers of ten, as SVG that is readable on a light and a dark background. */
const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [760, 440, 70, 46, 190, 56];
const [X, Y] = [
  [10, 10_000],
  [0.1, 1000],
];
const log = (value) => Math.log10(value);
const x = (value) => LEFT + ((log(value) - log(X[0])) / (log(X[1]) - log(X[0]))) * (WIDTH - LEFT - RIGHT);
const y = (value) => HEIGHT - BOTTOM - ((log(value) - log(Y[0])) / (log(Y[1]) - log(Y[0]))) * (HEIGHT - TOP - BOTTOM);
const path = (points) =>
  points.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join('');
const COLOURS = ['#0b7285', '#c2255c', '#5f3dc4', '#2b8a3e', '#d9480f'];
const DARK = ['#3bc9db', '#f783ac', '#b197fc', '#69db7c', '#ffa94d'];

/** @param lines - `{name, points: [devices, ms][]}` */
export function chart(lines) {
  const grid = [
    ...[10, 100, 1000, 10_000].map(
      (n) =>
        `<path class="grid" d="M${x(n)} ${TOP}V${HEIGHT - BOTTOM}"/><text x="${x(n)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${n.toLocaleString('en')}</text>`,
    ),
    ...[0.1, 1, 10, 100, 1000].map(
      (ms) =>
        `<path class="grid" d="M${LEFT} ${y(ms)}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${y(ms) + 4}" text-anchor="end">${ms}</text>`,
    ),
  ];
  const limit = `<path class="limit" d="M${LEFT} ${y(50)}H${WIDTH - RIGHT}"/><text x="${LEFT + 6}" y="${y(50) - 5}">50 ms</text>`;
  const guide = [32, 100, 316, 1000, 3162, 10_000].map((n) => [n, (n * Math.log(n)) / 900]);
  const ends = lines.map(({ name, points }, i) => ({ name, i, at: y(points.at(-1)[1]) })).sort((a, b) => a.at - b.at);
  let last = 0;
  const labels = [...ends, { name: 'n log n', i: -1, at: y(guide.at(-1)[1]) }]
    .sort((a, b) => a.at - b.at)
    .map(({ name, i, at }) => {
      last = Math.max(at + 4, last + 17);
      return `<text class="${i < 0 ? 'note' : `c${i}`}" x="${WIDTH - RIGHT + 8}" y="${last.toFixed(1)}">${name}</text>`;
    });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Milliseconds for a plan over the number of devices">
<style>
.paper { fill: #fff } text { fill: #222 } .grid { stroke: #ddd } .limit { stroke: #888; stroke-dasharray: 6 4 }
path { fill: none } text.note { fill: #666 } path.note { stroke: #999; stroke-dasharray: 2 4 } .line { stroke-width: 2.2 }
${COLOURS.map((colour, i) => `text.c${i} { fill: ${colour} } path.c${i} { stroke: ${colour} }`).join(' ')}
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d } text.note { fill: #9da7b3 }
${DARK.map((colour, i) => `text.c${i} { fill: ${colour} } path.c${i} { stroke: ${colour} }`).join(' ')}
}
</style>
<rect width="${WIDTH}" height="${HEIGHT}" class="paper"/>
<text x="${LEFT}" y="24" font-size="15">Planning: milliseconds of processor time over devices, 25 devices to a controller</text>
${grid.join('\n')}
${limit}
<path class="note" d="${path(guide)}"/>
${lines.map(({ points }, i) => `<path class="line c${i}" d="${path(points)}"/>`).join('\n')}
${labels.join('\n')}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">devices</text>
</svg>
`;
}
