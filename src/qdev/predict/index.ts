/**
 * The USB tree that QEMU will build. Input: the words of a command line or of `device_add`; output: the topology that QEMU then has. The oracle
 * holds each prediction against real QEMUs.
 */

export { BOARDS, type Board, type BoardController, boardOf, predictBoard } from './boards.js';
export { type ControllerRefusal, firstRefused, refusesController } from './predict-controller.js';
export { type DeviceOutcome, type DeviceRefusal, predictDevice } from './predict-device.js';
