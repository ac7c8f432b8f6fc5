/**
 * A VM as a picture: a plan or the state of a VM comes in, and the text of an SVG document goes out. A scene says what is shown, a layout
 * gives everything a place, and a canvas holds the shapes. Colours and SVG syntax come last. Nothing here writes a file.
 */

export { planPicture, statusPicture } from './draw.js';
