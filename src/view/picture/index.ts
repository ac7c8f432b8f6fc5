/**
 * A VM as a picture: a plan or the state of a VM comes in, and the text of an SVG document goes out. A scene says what is shown, a layout
 * gives everything a place, a canvas holds shapes; colours and spelling come last. Nothing is written anywhere.
 */

export { planPicture, statusPicture } from './draw.js';
