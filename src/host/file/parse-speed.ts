/**
 * The speed for a figure in a text: lsusb from 016 on writes `Low Speed (1Mbps)` for 1.5 Mb/s (usbutils, lsusb.c), and some programs cut
 * the figure in the same way.
 *
 * @param figure - as it is written, in Mb/s
 */
export function toldSpeed(figure: number): number {
  return figure === 1 ? 1.5 : figure;
}
