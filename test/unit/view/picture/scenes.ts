import fc from 'fast-check';
import { printable } from '../../../../src/diag/index.js';
import { freePorts, SPEEDS } from '../../../../src/qdev/index.js';
import type { Scene } from '../../../../src/view/picture/scene.js';
import type { DeviceLook } from '../../../../src/view/tree/device-words.js';
import { anyTopology, hostileText } from '../topologies.js';

const text = hostileText.map((one) => printable(one));

/** Any picture that could be asked for: any VM, any words, some free ports kept, some devices refused. */
export const anyScene: fc.Arbitrary<Scene> = fc
  .record({
    title: text,
    topology: anyTopology,
    look: fc.constantFrom<DeviceLook>('there', 'new', 'slower', 'away'),
    about: fc.option(text, { nil: undefined }),
    trouble: fc.option(text, { nil: undefined }),
    added: fc.boolean(),
    keep: fc.constantFrom('nobody', 'fast', 'absent'),
    label: text,
    refused: fc.array(
      fc.record({
        label: text,
        native: fc.constantFrom(...SPEEDS),
        why: text,
        fix: fc.option(text, { nil: undefined }),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ title, topology, look, about, trouble, added, keep, label, refused }) => {
    const free = topology.controllers.flatMap((one) => freePorts(one).map(({ port }) => ({ bus: one.bus, port })));
    return {
      title,
      topology,
      describe: ({ id, product, driver, hubPorts }) => ({
        name:
          hubPorts === undefined
            ? printable(product ?? driver)
            : `hub, ${hubPorts} ports, will be added, keeps fast ports free`,
        about,
        trouble,
        state: look,
        id: id === undefined ? undefined : printable(id),
      }),
      kept: {
        reserved: keep === 'fast' ? free : [],
        kept: keep === 'absent' ? free.slice(0, 2).map((one) => ({ ...one, label })) : [],
      },
      isAdded: () => added,
      refused,
    };
  });
