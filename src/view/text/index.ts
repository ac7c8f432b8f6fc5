/** Text in columns: words and figures come in; their widths, cut and wrapped texts, and speeds as people write them go out. */

export { speedText } from './speed-text.js';
export { atLeast, cut, pad, roomAfter, shorten, width, wrap } from './text-width.js';
