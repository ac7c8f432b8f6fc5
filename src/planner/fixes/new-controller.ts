import { type ControllerModel, type ControllerSpec, controllerModel } from '../../qdev/index.js';

/** The port count of an xHCI controller that is added. It is the highest that QEMU allows (hw/usb/hcd-xhci.c), since ports cost nothing. */
export const MOST_PORTS = 15;

/** @param pciBus - where it is plugged in; undefined where QEMU or the VM file decides */
export function newControllerSpec(model: ControllerModel, id: string, pciBus: string | undefined): ControllerSpec {
  const xhci = controllerModel(model)?.ports.rule === 'xhci';
  return {
    id,
    model,
    ...(xhci ? { p2: MOST_PORTS, p3: MOST_PORTS } : {}),
    ...(pciBus === undefined ? {} : { pciBus }),
  };
}
