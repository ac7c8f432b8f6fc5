/** The colours of a picture. `super` to `low` are the colours of wires, which also differ in form and label. */
export interface Palette {
  readonly paper: string;
  readonly block: string;
  readonly ink: string;
  readonly muted: string;
  readonly edge: string;
  readonly super: string;
  readonly high: string;
  readonly full: string;
  readonly low: string;
  readonly added: string;
  readonly slower: string;
  readonly refused: string;
}

/** The light colours also serve viewers that know no themes: the picture draws its own background. */
export const LIGHT: Palette = {
  paper: '#ffffff',
  block: '#f1f4f8',
  ink: '#1b1f24',
  muted: '#57606a',
  edge: '#7d8590',
  super: '#00796b',
  high: '#1558c0',
  full: '#a35c00',
  low: '#a0378a',
  added: '#1558c0',
  slower: '#b3400a',
  refused: '#c1121f',
};

export const DARK: Palette = {
  paper: '#0d1117',
  block: '#1a212b',
  ink: '#f0f3f6',
  muted: '#a5aeb8',
  edge: '#7a828e',
  super: '#3ddbc0',
  high: '#6cb0ff',
  full: '#f0b33c',
  low: '#f08fd8',
  added: '#6cb0ff',
  slower: '#ff9a5c',
  refused: '#ff7b84',
};
