/**
 * Text in columns: words and figures come in; how wide they are, how they are cut and wrapped, and a speed as people say it go out.
 */

export { speedText } from './speed-text.js';
export { atLeast, cut, pad, roomAfter, shorten, width, wrap } from './text-width.js';
