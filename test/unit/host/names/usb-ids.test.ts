import { describe, expect, it } from 'vitest';
import { deviceName, hostUsbIds, searchUsbIds } from '../../../../src/host/index.js';

const LIST = `# a comment
0001  Fry's Electronics
\t7778  Counterfeit flash drive [Kingston]
0781  SanDisk Corp.
\t5567  Cruzer Blade
\t\t00  an interface line
# a comment in between
\t5571  Cruzer Fit
\t7781
0782  Next Vendor
\t5581  not of SanDisk
C 08  Mass Storage
\t06  SCSI`;
const ids = searchUsbIds(Buffer.from(LIST));

describe('usb.ids', () => {
  it('gives vendors, the first and the last among them', () => {
    expect([0x0001, 0x0781, 0x0782].map((id) => ids.vendor(id))).toEqual([
      "Fry's Electronics",
      'SanDisk Corp.',
      'Next Vendor',
    ]);
  });

  it('gives products past interface lines and comments', () => {
    expect(ids.product(0x0781, 0x5567)).toBe('Cruzer Blade');
    expect(ids.product(0x0781, 0x5571)).toBe('Cruzer Fit');
  });

  it('does not take the product of another vendor, nor of one that is not listed', () => {
    expect(ids.product(0x0781, 0x5581)).toBeUndefined();
    expect(ids.product(0x0999, 0x5581)).toBeUndefined();
    expect(ids.product(0x0782, 0x0006)).toBeUndefined();
  });

  it('knows no name where a line has none', () => {
    expect(ids.product(0x0781, 0x7781)).toBeUndefined();
  });

  it('knows nobody where no list is installed', () => {
    const none = hostUsbIds(['/nonexistent/usb.ids']);
    expect([none.vendor(0x0781), none.product(0x0781, 0x5567)]).toEqual([undefined, undefined]);
  });
});

describe('the name of a device', () => {
  const disk = { vendorId: 0x0781, productId: 0x5567, manufacturer: undefined, product: undefined };
  it.each([
    ['its own strings', { manufacturer: 'Acme', product: 'Stick' }, 'Acme Stick'],
    ['the product alone when the maker stands in it', { manufacturer: 'ACME', product: 'Acme Stick' }, 'Acme Stick'],
    ['the listed maker with its own product', { product: 'Stick' }, 'SanDisk Corp. Stick'],
    ['its own maker with the listed product', { manufacturer: 'Acme' }, 'Acme Cruzer Blade'],
    ['the listed names when strings are blank', { manufacturer: ' ', product: '' }, 'SanDisk Corp. Cruzer Blade'],
    ['the ids when the product is unknown', { productId: 0x9999 }, 'SanDisk Corp. 0781:9999'],
    ['the ids alone when nothing is known', { vendorId: 0x9998, productId: 0x9999 }, 'USB device 9998:9999'],
  ])('is %s', (_title, strings, expected) => {
    expect(deviceName({ ...disk, ...strings }, ids)).toBe(expected);
  });

  it('is not looked up when the device tells both strings', () => {
    const never = () => {
      throw new Error('looked up');
    };
    const own = { ...disk, manufacturer: 'Acme', product: 'Stick' };
    expect(deviceName(own, { vendor: never, product: never })).toBe('Acme Stick');
  });
});
