/** A place in a file. Lines and columns count from 1; a column is a UTF-16 unit. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** From the character at index `at`, the line is what the file contains from this place on. */
export interface Piece extends TextPlace {
  readonly at: number;
}

/** A line as the grammars read it, without what mail, terminals and forums add. A line that was wrapped is one line again. */
export interface TextLine {
  /** Where the line begins in the file; counts from 1. */
  readonly number: number;
  readonly text: string;
  /** Where the parts of the line are in the file, in their order. If there are none, the line is the whole of its line in the file. */
  readonly pieces: readonly Piece[];
}

/** @returns where a character of a line is in the file */
export function placeOf({ number, pieces }: TextLine, at: number): TextPlace {
  const piece = pieces.findLast((one) => one.at <= at);
  if (piece === undefined) return { line: number, column: at + 1 };
  return { line: piece.line, column: piece.column + at - piece.at };
}

/** @returns the part of a line that begins at `from` */
export function tail(line: TextLine, from: number): TextLine {
  if (from === 0) return line;
  const first = { at: 0, ...placeOf(line, from) };
  const rest = line.pieces.filter(({ at }) => at > from).map((piece) => ({ ...piece, at: piece.at - from }));
  return { ...line, text: line.text.slice(from), pieces: [first, ...rest] };
}

/** @returns several lines as one, with `between` where two of them meet */
export function joined(lines: readonly TextLine[], between: string): TextLine {
  const [first, ...more] = lines;
  if (first === undefined || more.length === 0) return first ?? { number: 1, text: '', pieces: [] };
  const pieces: Piece[] = [];
  let length = 0;
  for (const { number, text, pieces: own } of lines) {
    const at = length;
    pieces.push(
      ...(own.length === 0 ? [{ at, line: number, column: 1 }] : own.map((one) => ({ ...one, at: one.at + at }))),
    );
    length += text.length + between.length;
  }
  return { number: first.number, text: lines.map(({ text }) => text).join(between), pieces };
}

/**
 * @returns a line with every match of a pattern replaced
 *
 * @param by - makes the replacement from the match
 */
export function replaced(line: TextLine, pattern: RegExp, by: (match: RegExpExecArray) => string): TextLine {
  if (line.text.search(pattern) < 0) return line;
  const pieces: Piece[] = [];
  let text = '';
  let from = 0;
  const keep = (to: number): void => {
    if (to === from) return;
    const first = { at: text.length, ...placeOf(line, from) };
    const rest = line.pieces.filter(({ at }) => at > from && at < to);
    pieces.push(first, ...rest.map((piece) => ({ ...piece, at: piece.at - from + first.at })));
    text += line.text.slice(from, to);
  };
  for (const match of line.text.matchAll(pattern)) {
    keep(match.index);
    const filling = by(match);
    if (filling !== '') pieces.push({ at: text.length, ...placeOf(line, match.index) });
    text += filling;
    from = match.index + match[0].length;
  }
  keep(line.text.length);
  return { ...line, text, pieces };
}
