import fc from 'fast-check';

/** One entry of `usb.devices`, as a value and as it is written; its name is in no other line. */
interface Entry {
  readonly select: string;
  readonly slower: boolean;
  readonly spelling: 'plain' | 'single' | 'double' | 'flow' | 'block' | 'split';
  readonly anchor: boolean;
  readonly comment: boolean;
  readonly above: boolean;
  readonly below: boolean;
}

export interface RandomFile {
  readonly text: string;
  /** What `usb.devices` says, in order. */
  readonly devices: readonly { readonly select: string; readonly slower: 'refuse' | 'allow' }[];
}

const flag = fc.boolean();

const entries = fc
  .array(
    fc.record({
      slower: flag,
      spelling: fc.constantFrom('plain', 'single', 'double', 'flow', 'block', 'split'),
      anchor: flag,
      comment: flag,
      above: flag,
      below: flag,
    }),
    { maxLength: 5 },
  )
  .map((list) => list.map((one, index): Entry => ({ ...one, select: `dev${index}:x` })));

const style = fc.record({
  form: fc.constantFrom('block', 'flush', 'flow', 'lines', 'nested-flow', 'json', 'json-lines', 'json-tight'),
  list: fc.constantFrom('there', 'there', 'there', 'no-list', 'no-usb'),
  /** Which keys stand around it. */
  before: flag,
  after: flag,
  reserve: flag,
  last: flag,
  lastComma: flag,
  gap: fc.constantFrom('', ' '),
  dash: fc.constantFrom(' ', '   '),
  blank: flag,
  tail: flag,
  crlf: flag,
  final: flag,
});

type Style = typeof style extends fc.Arbitrary<infer T> ? T : never;

/** VM files in every layout, with comments, anchors, quotes and line ends of all kinds. */
export const randomFiles: fc.Arbitrary<RandomFile> = fc.tuple(entries, style).map(([list, how]) => {
  const devices = how.list === 'there' ? list : [];
  const lines = how.form.startsWith('json') ? jsonLines(devices, how) : yamlLines(devices, how);
  const end = how.crlf ? '\r\n' : '\n';
  const isSlower = ({ slower, spelling }: Entry): boolean =>
    slower && (how.form.startsWith('json') || ['flow', 'block', 'split'].includes(spelling));
  return {
    text: lines.join(end) + (how.final ? end : ''),
    devices: devices.map((one) => ({ select: one.select, slower: isSlower(one) ? 'allow' : 'refuse' })),
  };
});

function jsonLines(devices: readonly Entry[], { form, list, before, reserve, after }: Style): string[] {
  const usb = {
    ...(reserve ? { reserve: 2 } : {}),
    ...(list === 'there'
      ? { devices: devices.map(({ select, slower }) => (slower ? { select, slower: 'allow' } : select)) }
      : {}),
    ...(after ? { grow: ['hubs'] } : {}),
  };
  const file = {
    ...(before ? { memory: '1G' } : {}),
    ...(list === 'no-usb' ? {} : { usb }),
    ...(after ? { cpus: 2 } : {}),
  };
  if (form === 'json-tight') return [JSON.stringify(file)];
  return JSON.stringify(file, undefined, form === 'json' ? '\t' : 2).split('\n');
}

function yamlLines(devices: readonly Entry[], how: Style): string[] {
  const { before, after, reserve, last, blank, tail } = how;
  const inner =
    how.list !== 'there'
      ? []
      : how.form === 'block' || how.form === 'flush'
        ? blockLines(devices, how)
        : flowLines(devices, how);
  const section = [
    ...(reserve ? ['  reserve: 2 # c-reserve'] : []),
    ...inner,
    ...(blank ? [''] : []),
    ...(tail ? ['  # c-section'] : []),
    ...(last || (inner.length === 0 && !reserve) ? ['  grow:', '  - hubs # c-grow'] : []),
  ];
  const usb =
    how.form === 'nested-flow'
      ? [
          `usb: {${how.gap}${[...(reserve ? ['reserve: 2'] : []), ...(how.list === 'there' ? [`devices: ${flowList(devices, how)}`] : [])].join(', ')}${how.gap}} # c-usb`,
        ]
      : ['usb: # c-usb', ...section];
  const file = [
    ...(before ? ['# c-top', 'memory: 1G'] : []),
    ...(how.list === 'no-usb' ? [] : usb),
    ...(after || (how.list === 'no-usb' && !before) ? ['# c-after', 'cpus: 2 # c-cpus'] : []),
    ...(tail ? ['', '# c-end'] : []),
  ];
  return file;
}

function blockLines(devices: readonly Entry[], { form, dash }: Style): string[] {
  if (devices.length === 0) return ['  devices: [] # c-none'];
  const indent = form === 'flush' ? '  ' : '      ';
  const lines = devices.flatMap((entry): string[] => {
    const comment = entry.comment ? ` # own-${entry.select}` : '';
    const mark = entry.anchor ? `&a${entry.select.replace(':', '')} ` : '';
    const deeper = `${indent} ${dash}`;
    const written = inBlock(entry, mark, deeper, comment).map((line, index) =>
      index === 0 ? `${indent}-${dash}${line}` : line,
    );
    return [
      ...(entry.above ? [`${indent}# c-above-${entry.select.replace('dev', '')}`] : []),
      ...written,
      ...(entry.below ? [`${deeper}# c-below-${entry.select.replace('dev', '')}`] : []),
    ];
  });
  return ['  devices: # c-list', ...lines];
}

function inBlock(entry: Entry, mark: string, deeper: string, comment: string): string[] {
  const { select, slower, spelling } = entry;
  if (spelling === 'block') {
    const more = slower ? [`${deeper}slower: allow # own-${select}`] : [];
    // an anchor of a block mapping stands on a line before it
    return mark === ''
      ? [`select: ${select}${comment}`, ...more]
      : [`${mark}# own-${select}`, `${deeper}select: ${select}${comment}`, ...more];
  }
  if (spelling === 'split') {
    return [`${mark}{ select: "${select}",`, `${deeper}slower: ${slower ? 'allow' : 'refuse'} }${comment}`];
  }
  return [mark + onOneLine(entry) + comment];
}

function onOneLine({ select, slower, spelling }: Entry): string {
  switch (spelling) {
    case 'plain':
      return select;
    case 'single':
      return `'${select}'`;
    case 'double':
      return `"${select}"`;
    default:
      return slower ? `{ select: ${select}, slower: allow }` : `{select: "${select}"}`;
  }
}

const inFlow = (entry: Entry): string =>
  `${entry.anchor ? `&a${entry.select.replace(':', '')} ` : ''}${onOneLine(entry)}`;

function flowList(devices: readonly Entry[], { gap, lastComma }: Style): string {
  const comma = lastComma && devices.length > 0 ? ',' : '';
  return `[${gap}${devices.map(inFlow).join(', ')}${comma}${gap}]`;
}

function flowLines(devices: readonly Entry[], how: Style): string[] {
  if (how.form === 'flow') return [`  devices: ${flowList(devices, how)} # c-list`];
  const lines = devices.flatMap((entry, index): string[] => {
    const comma = index < devices.length - 1 || how.lastComma ? ',' : '';
    return [
      ...(entry.above ? [`    # c-above-${entry.select.replace('dev', '')}`] : []),
      `    ${inFlow(entry)}${comma}${entry.comment ? ` # own-${entry.select}` : ''}`,
    ];
  });
  return ['  devices: [ # c-list', ...lines, ...(how.tail ? ['    # c-inner'] : []), '  ]'];
}
