import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVmFile, type VmFile } from '../../src/config/index.js';
import type { Finding, QplugError } from '../../src/diag/index.js';
import { buildArgv, checkGuest, chooseControllers, type QemuOption, runtimePaths } from '../../src/launcher/index.js';
import { parseQemuVersion, type QemuVersion } from '../../src/qdev/index.js';

/** A VM file of this folder: its header says what it is for, which QEMU is played, and what is found wrong. */
export interface Golden {
  readonly file: string;
  readonly title: string;
  readonly text: string;
  readonly version: QemuVersion;
  /** `line:column code`, in order; empty for a good file. */
  readonly finds: readonly string[];
}

const folder = import.meta.dirname;

/** @returns the golden file beside a VM file */
export function expectedArgv(golden: Golden): string {
  return join(folder, golden.file.replace(/\.\w+$/, '.argv'));
}

function header(text: string, key: string): string[] {
  return [...text.matchAll(new RegExp(`^# ${key}: (.*)$`, 'gm'))].map((match) => match[1] ?? '');
}

export const goldens: readonly Golden[] = readdirSync(folder)
  .filter((file) => /\.(yaml|json)$/.test(file))
  .sort()
  .map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const version = parseQemuVersion(`version ${header(text, 'qemu')[0] ?? '7.2.22'}`);
    if (version === undefined) throw new Error(`${file}: no version`);
    return { file, text, title: header(text, 'title')[0] ?? file, version, finds: header(text, 'finds') };
  });

/** @param at - the folder where the VM file is said to be */
export function readGolden({ file, text }: Golden, at = '/vm'): Promise<VmFile> {
  return parseVmFile(text, `${at}/${file}`, { checkGuest });
}

/** Emulated devices go to the ports that their file pins; there is no planner here. */
export function goldenArgv(vm: VmFile, version: QemuVersion, run = '/run/qplug', paused = true): readonly QemuOption[] {
  const bus = (controller: string): string => (controller.includes('.') ? controller : `${controller}.0`);
  return buildArgv({
    vm,
    version,
    paths: runtimePaths(run, vm.name),
    controllers: chooseControllers(vm),
    hubs: vm.usb.hubs.map((hub) => ({ id: hub.id, bus: bus(hub.controller), port: hub.port, ports: hub.ports })),
    emulated: vm.usb.devices
      .filter((wish) => wish.kind === 'emulated')
      .map(({ model, id, controller = '', port = '', properties, drive }) => ({
        driver: model,
        id,
        bus: bus(controller),
        port,
        properties,
        drive,
      })),
    paused,
  });
}

/** @returns findings as the headers write them */
export function shortFindings(error: QplugError): string[] {
  return error.findings.map(
    ({ location, code }: Finding) => `${location?.line ?? '?'}:${location?.column ?? '?'} ${code}`,
  );
}
