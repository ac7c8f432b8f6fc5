/** A device on the host, as the stand-in for libusb reports it to QEMU. */
export interface StandInDevice {
  readonly bus: number;
  readonly address: number;
  /** The numbers of its ports from the root hub on, such as `1.4`. */
  readonly port: string;
  readonly speed: 'unknown' | 'low' | 'full' | 'high' | 'super' | 'super-plus' | 'super-plus-x2';
  readonly vendorId: number;
  readonly productId: number;
  /** Its product string; default none. */
  readonly name?: string;
  readonly deviceClass?: number;
  readonly configurations: readonly StandInConfiguration[];
  /** Whether kernel drivers of the host have its interfaces; default yes. */
  readonly drivers?: boolean;
  /** Negative libusb errors, such as -3 for no access. */
  readonly openError?: number;
  readonly claimError?: number;
}

interface StandInConfiguration {
  readonly interfaces: readonly { readonly altSettings: readonly StandInSetting[] }[];
}

interface StandInSetting {
  readonly class: number;
  readonly subclass: number;
  readonly protocol: number;
  readonly endpoints: readonly StandInEndpoint[];
}

interface StandInEndpoint {
  readonly address: number;
  readonly type: 'control' | 'isochronous' | 'bulk' | 'interrupt';
  /** The raw 16-bit wMaxPacketSize. */
  readonly maxPacketSize: number;
  /** The lower five bits of bmAttributes of the SuperSpeed companion. */
  readonly streams: number;
}

/** The file that the stand-in reads; its grammar is in stand-in/devices-file.c. */
export function standInFile(devices: readonly StandInDevice[]): string {
  return devices
    .flatMap(deviceLines)
    .map((line) => `${line}\n`)
    .join('');
}

function deviceLines(device: StandInDevice): string[] {
  const fields = {
    bus: device.bus,
    address: device.address,
    port: device.port,
    speed: device.speed,
    vendor: device.vendorId,
    product: device.productId,
    class: device.deviceClass,
    name: device.name === undefined || device.name === '' ? undefined : encoded(device.name),
    drivers: device.drivers === false ? 0 : undefined,
    'open-error': device.openError || undefined,
    'claim-error': device.claimError || undefined,
  };
  return [statement('device', fields), ...device.configurations.flatMap(configurationLines)];
}

const configurationLines = ({ interfaces }: StandInConfiguration): string[] => [
  ' configuration',
  ...interfaces.flatMap(({ altSettings }) => ['  interface', ...altSettings.flatMap(settingLines)]),
];

const settingLines = (setting: StandInSetting): string[] => [
  `   ${statement('setting', { class: setting.class, subclass: setting.subclass, protocol: setting.protocol })}`,
  ...setting.endpoints.map(
    ({ address, type, maxPacketSize, streams }) =>
      `    ${statement('endpoint', { address, type, packet: maxPacketSize, streams })}`,
  ),
];

const statement = (word: string, fields: Readonly<Record<string, string | number | undefined>>): string =>
  [word, ...Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))].join(
    ' ',
  );

/** A name may have any bytes; the file has letters, digits and `._-` plain, and the others as %XX. */
const encoded = (name: string): string =>
  [...Buffer.from(name, 'utf8')]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[\w.-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
