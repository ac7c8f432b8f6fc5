import { cut, pad, roomAfter, width } from '../../view/text/index.js';
import { unbroken } from './lines.js';

/**
 * Columns for people: left-aligned, two spaces apart, no lines. What is printed has been through `printable`, so nothing in it moves
 * the cursor; a line break in a cell begins no row.
 *
 * @param given - cells; the first row is the heading
 * @param options - `paint` for the heading · `columns` of the terminal, to which the last column (without colours) is cut; undefined
 *   leaves all as it is, for programs and files
 */
export function table(
  given: readonly (readonly string[])[],
  options: { readonly paint?: ((text: string) => string) | undefined; readonly columns?: number | undefined } = {},
): string {
  const rows = given.map((cells) => cells.map(unbroken));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.slice(0, -1).entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  }
  return rows
    .map((row, index) => {
      const before = row
        .slice(0, -1)
        .map((cell, column) => `${pad(cell, widths[column] ?? 0)}  `)
        .join('');
      const line = (before + cut(row.at(-1) ?? '', roomAfter(before, options.columns))).trimEnd();
      return index === 0 && options.paint !== undefined ? options.paint(line) : line;
    })
    .join('\n');
}
