/**
 * What must never reach a terminal or a log raw: Unicode's categories Cc (controls), Cs (lone surrogates), Zl and Zp (separators), and
 * what changes the direction or hides text. Written by category, unlike the list in src/diag/printable.ts.
 */
export const UNSAFE: RegExp = /\p{Cc}|\p{Cs}|\p{Zl}|\p{Zp}|\p{Bidi_Control}|[\u200b-\u200d\ufeff]/u;
