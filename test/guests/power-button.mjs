/**
 * The smallest guest that obeys its power button: a boot sector for `pc` and `q35`. It has the power button reported (ACPI
 * PM1_EN, where SeaBIOS puts it: port 0x600), says `up` on its serial port, sleeps until the next timer tick, looks, and goes
 * to S5 when it was pressed. So `system_powerdown` can be tried in seconds and without an operating system.
 *
 * @returns a disk image of 1 MiB: SeaBIOS boots from none that has less than a cylinder
 */
export function powerButtonGuest() {
  const code = [
    [0xba, 0x02, 0x06], // mov dx, 0x602    PM1_EN
    [0xb8, 0x00, 0x01], // mov ax, 0x0100   power button
    [0xef], //             out dx, ax
    [0xba, 0xf8, 0x03], // mov dx, 0x3f8    COM1
    [0xb0, 0x75, 0xee], // mov al, 'u'; out dx, al
    [0xb0, 0x70, 0xee], // mov al, 'p'; out dx, al
    [0xb0, 0x0a, 0xee], // mov al, '\n'; out dx, al
    [0xfb], //       wait: sti
    [0xf4], //             hlt              until the timer ticks
    [0xba, 0x00, 0x06], // mov dx, 0x600    PM1_STS
    [0xed], //             in ax, dx
    [0xf6, 0xc4, 0x01], // test ah, 1       pressed?
    [0x74, 0xf5], //       jz wait
    [0xba, 0x04, 0x06], // mov dx, 0x604    PM1_CNT
    [0xb8, 0x00, 0x20], // mov ax, 0x2000   SLP_EN, SLP_TYP 0: S5
    [0xef], //             out dx, ax
    [0xf4], //       stop: hlt
    [0xeb, 0xfd], //       jmp stop
  ].flat();
  const image = new Uint8Array(1 << 20);
  image.set(code);
  image.set([0x55, 0xaa], 510);
  return image;
}
