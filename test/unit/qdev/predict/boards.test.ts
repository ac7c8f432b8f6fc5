import { describe, expect, test } from 'vitest';
import { BOARDS, boardOf, controllerModel, FULL, HIGH, LOW, predictBoard } from '../../../../src/qdev/index.js';

describe('boards', () => {
  test('every controller of the table is one that qplug knows, and takes the companions that it has', () => {
    for (const { controllers } of BOARDS) {
      expect(controllers.length).toBeGreaterThan(0);
      for (const { model } of controllers) expect(controllerModel(model), model).toBeDefined();
    }
  });

  test('no machine has two rows for one version', () => {
    for (const version of [5, 6, 7, 8, 9, 10, 11].map((major) => ({ major, minor: 0, micro: 0 }))) {
      const names = BOARDS.flatMap((board) => board.machines.filter((name) => boardOf(name, version) === board));
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test('a machine that is not in the table has nothing that is known', () => {
    expect(boardOf('virt')).toBeUndefined();
    expect(predictBoard(undefined, true)).toEqual([]);
  });

  test.each(['pc-q35-7.2', 'pc-q35-rhel9.2.0'])('%s is a q35', (machine) => {
    const [ich9] = predictBoard(boardOf(machine), true);
    expect(ich9?.ports.map(({ mask }) => mask)).toEqual(Array(6).fill(LOW | FULL | HIGH));
  });

  test.each(['pc-i440fx-2.12', 'pc-1.3'])('%s is a pc', (machine) => {
    expect(predictBoard(boardOf(machine), true).map(({ model }) => model)).toEqual(['piix3-usb-uhci']);
    expect(predictBoard(boardOf(machine), false)).toEqual([]);
  });

  test('companions serve their ports alone; the second EHCI of npcm845 has none', () => {
    expect(predictBoard(boardOf('bpim2u'), false)[1]?.ports.map(({ mask }) => mask)).toEqual([7, 7, 7, 4, 4, 4]);
    expect(predictBoard(boardOf('npcm845-evb'), false).map(({ ports }) => ports[0]?.mask)).toEqual([7, 4]);
  });
});
