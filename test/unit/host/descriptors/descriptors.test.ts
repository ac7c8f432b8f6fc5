import { describe, expect, it } from 'vitest';
import { decodeDescriptors } from '../../../../src/host/index.js';
import { companion, configuration, device, endpoint, isoCompanion, setting } from '../descriptor-bytes.js';
import { recordedDescriptors, recording } from '../recordings.js';

const BULK = 2;
const ISOCHRONOUS = 1;
const INTERRUPT = 3;

function decode(bytes: number[]) {
  return decodeDescriptors(Uint8Array.from(bytes), '1-1');
}

function problems(bytes: number[]) {
  return decode(bytes).findings.map((found) => 'problem' in found.evidence && found.evidence.problem);
}

const disk = configuration(1, [
  { number: 0, codes: [8, 6, 0x50], parts: [endpoint(0x81, BULK, 512), endpoint(0x02, BULK, 512)] },
]);

describe('recorded descriptors', () => {
  it('gives the bulk endpoints and companions of a SuperSpeed disk', () => {
    const {
      device: own,
      configurations,
      findings,
    } = decodeDescriptors(recordedDescriptors(recording('six-devices'), '2-1'), '2-1');
    expect(findings).toEqual([]);
    expect(own).toEqual({ class: 0, vendorId: 0x46f4, productId: 0x0001 });
    const [first] = configurations;
    expect(first?.interfaces).toHaveLength(1);
    expect(first?.interfaces[0]?.altSettings).toMatchObject([{ class: 8, subclass: 6, protocol: 80 }]);
    expect(
      first?.interfaces[0]?.altSettings[0]?.endpoints.map((one) => [one.address, one.type, one.maxPacketSize]),
    ).toEqual([
      [0x81, 'bulk', 1024],
      [0x02, 'bulk', 1024],
    ]);
    expect(first?.interfaces[0]?.altSettings[0]?.endpoints[0]?.companion?.maxBurst).toBe(15);
  });

  it('skips the pipe usage descriptors of a UAS disk and keeps its streams', () => {
    const bytes = recordedDescriptors(recording('hub-twins-gadgets'), '2-6');
    const { configurations, findings } = decodeDescriptors(bytes, '2-6');
    expect(findings).toEqual([]);
    expect(configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints.map((one) => one.streams)).toEqual([0, 4, 4, 4]);
  });

  it('skips the class-specific descriptors of a smart card reader and of a serial gadget', () => {
    const six = decodeDescriptors(recordedDescriptors(recording('six-devices'), '1-4'), '1-4');
    expect(six.findings).toEqual([]);
    expect(six.configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints).toHaveLength(3);
    const acm = decodeDescriptors(recordedDescriptors(recording('hub-twins-gadgets'), '6-1'), '6-1');
    expect(acm.findings).toEqual([]);
    expect(acm.configurations[0]?.interfaces.map((one) => one.altSettings[0]?.class)).toEqual([2, 10]);
  });
});

describe('hand-made descriptors', () => {
  it('keeps both alternate settings of a UAS disk on one interface', () => {
    const pipe = [4, 0x24, 1, 0];
    const uas = configuration(1, [
      { number: 0, codes: [8, 6, 0x50], parts: [endpoint(0x81, BULK, 1024), companion(15, 0, 0)] },
      {
        number: 0,
        alternate: 1,
        codes: [8, 6, 0x62],
        parts: [
          endpoint(0x04, BULK, 1024),
          companion(0, 0, 0),
          pipe,
          endpoint(0x83, BULK, 1024),
          companion(15, 5, 0),
          pipe,
        ],
      },
    ]);
    const { configurations, findings } = decode([...device(1), ...uas]);
    expect(findings).toEqual([]);
    expect(configurations[0]?.interfaces).toHaveLength(1);
    expect(configurations[0]?.interfaces[0]?.altSettings.map((one) => one.endpoints.map((end) => end.streams))).toEqual(
      [[0], [0, 5]],
    );
  });

  it('counts no streams on an endpoint that is not bulk', () => {
    const bytes = configuration(1, [{ number: 0, parts: [endpoint(0x81, INTERRUPT, 64), companion(0, 5, 64)] }]);
    expect(
      decode([...device(1), ...bytes]).configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints[0]?.streams,
    ).toBe(0);
  });

  it('keeps the raw packet size of a high-bandwidth webcam and every alternate setting', () => {
    const header = [13, 0x24, 1, 0, 1, 0x4d, 0, 0x80, 0xc3, 0xc9, 1, 1, 1];
    const webcam = configuration(1, [
      { number: 0, codes: [0x0e, 1, 0], parts: [header, endpoint(0x83, INTERRUPT, 16)] },
      { number: 1, codes: [0x0e, 2, 0] },
      { number: 1, alternate: 1, codes: [0x0e, 2, 0], parts: [endpoint(0x81, ISOCHRONOUS | 4, 0x1400)] },
    ]);
    const { configurations, findings } = decode([...device(1, 0xef), ...webcam]);
    expect(findings).toEqual([]);
    expect(configurations[0]?.interfaces[1]?.altSettings[1]?.endpoints).toEqual([
      { address: 0x81, type: 'isochronous', maxPacketSize: 0x1400, streams: 0 },
    ]);
  });

  it('reads the nine-byte endpoints of a sound card', () => {
    const sound = configuration(1, [
      { number: 0, codes: [1, 1, 0], parts: [[9, 0x24, 1, 0, 1, 9, 0, 1, 1]] },
      { number: 1, codes: [1, 2, 0] },
      {
        number: 1,
        alternate: 1,
        codes: [1, 2, 0],
        parts: [endpoint(1, ISOCHRONOUS, 192, [0, 0]), [7, 0x25, 1, 0, 0, 0, 0]],
      },
    ]);
    const { configurations, findings } = decode([...device(1), ...sound]);
    expect(findings).toEqual([]);
    expect(configurations[0]?.interfaces[1]?.altSettings[1]?.endpoints[0]).toMatchObject({ maxPacketSize: 192 });
  });

  it('takes the bytes per interval of a SuperSpeedPlus isochronous companion', () => {
    const parts = [endpoint(0x81, ISOCHRONOUS, 1024), companion(15, 0x80, 1), isoCompanion(0x18000)];
    const { configurations, findings } = decode([...device(1), ...configuration(1, [{ number: 0, parts }])]);
    expect(findings).toEqual([]);
    expect(configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints[0]?.companion).toEqual({
      maxBurst: 15,
      attributes: 0x80,
      bytesPerInterval: 0x18000,
    });
  });

  it('gives several configurations with their values', () => {
    const { configurations, findings } = decode([...device(2), ...disk, ...configuration(3, [{ number: 0 }])]);
    expect(findings).toEqual([]);
    expect(configurations.map((one) => one.value)).toEqual([1, 3]);
  });
});

describe('malformed descriptors', () => {
  const twoDisks = [...device(2), ...disk, ...disk];
  const table: [string, number[], string[], number][] = [
    ['nothing', [], ['device-descriptor'], 0],
    ['half a device descriptor', device(1).slice(0, 9), ['device-descriptor'], 0],
    ['no device descriptor', disk, ['device-descriptor'], 0],
    ['no configurations', device(1), ['configuration-count'], 0],
    ['more configurations than told', [...device(1), ...disk, ...disk], ['configuration-count'], 2],
    [
      'a configuration cut off',
      [...device(1), ...disk.slice(0, -3)],
      ['total-length', 'past-the-end', 'endpoint-count'],
      1,
    ],
    ['a total length too long', [...device(1), ...disk.with(2, 200)], ['total-length'], 1],
    ['a total length too short', [...device(1), ...disk.with(2, 20)], ['total-length'], 1],
    ['a total length of zero', [...device(1), ...disk.with(2, 0)], ['total-length'], 1],
    [
      'a first configuration that lies about its length',
      [...device(2), ...disk.with(2, 40), ...disk],
      ['total-length'],
      2,
    ],
    ['a zero length inside the first of two', twoDisks.with(18 + 18, 0), ['length-below-two', 'endpoint-count'], 2],
    ['a length of one', [...device(1), ...disk.with(9, 1)], ['length-below-two', 'interface-count'], 1],
    [
      'a descriptor longer than what is left',
      [...device(1), ...disk.with(25, 90)],
      ['past-the-end', 'endpoint-count'],
      1,
    ],
    [
      'an endpoint of five bytes',
      [...device(1), ...configuration(1, [{ number: 0, parts: [[5, 5, 0x81, 2, 0]] }])],
      ['too-short-for-its-type', 'endpoint-count'],
      1,
    ],
    ['more interfaces told than there are', [...device(1), ...disk.with(4, 3)], ['interface-count'], 1],
    ['more endpoints told than there are', [...device(1), ...disk.with(13, 9)], ['endpoint-count'], 1],
    ['a stray descriptor before the configuration', [...device(1), 4, 0x21, 0, 0, ...disk], ['not-a-configuration'], 1],
    [
      'a companion without an endpoint',
      [...device(1), ...configuration(1, [{ number: 0, parts: [companion(0, 0, 0)] }])],
      ['unexpected'],
      1,
    ],
    [
      'the same alternate setting twice',
      [...device(1), ...configuration(1, [{ number: 0 }, { number: 0 }])],
      ['alternate-setting-twice'],
      1,
    ],
  ];
  it.each(table)('finds %s and reads the rest', (_title, bytes, expected, configurations) => {
    expect(problems(bytes)).toEqual(expected);
    expect(decode(bytes).configurations).toHaveLength(configurations);
  });

  it('puts an endpoint before any interface aside', () => {
    const body = [...endpoint(0x81, BULK, 64), ...setting({ number: 0 })];
    const bytes = [...device(1), 9, 2, 9 + body.length, 0, 1, 1, 0, 0x80, 50, ...body];
    expect(problems(bytes)).toEqual(['unexpected']);
    expect(decode(bytes).configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints).toEqual([]);
  });

  it('reports no more than sixteen faults of one device', () => {
    const short = Array.from({ length: 40 }, () => [2, 5]).flat();
    expect(problems([...device(1), ...configuration(1, [{ number: 0, parts: [short] }])])).toHaveLength(16);
  });
});
