import type { GuardKind } from '../diag/index.js';

/** A VM file that conforms to schemas/vm.schema.json, without defaults and further checks. */
export interface RawVmFile {
  readonly name?: string;
  readonly machine?: string;
  readonly accel?: readonly string[];
  readonly memory?: string | number;
  readonly cpus?: number;
  readonly drives?: readonly RawDrive[];
  readonly qemu?: {
    readonly binary?: string;
    readonly args?: readonly string[];
    readonly user?: string;
    readonly sandbox?: boolean;
  };
  readonly usb?: RawUsb;
}

export interface RawDrive {
  readonly file: string;
  readonly interface?: 'virtio' | 'ide' | 'scsi' | 'sd' | 'none';
  readonly format?: 'qcow2' | 'raw';
  readonly readonly?: boolean;
  readonly id?: string;
}

export interface RawUsb {
  readonly controllers?: readonly RawController[];
  readonly hubs?: readonly RawHub[];
  readonly grow?: readonly ('hubs' | 'controllers')[];
  readonly reserve?: number;
  readonly devices?: readonly (string | RawHostDevice | RawEmulatedDevice)[];
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export interface RawController {
  readonly id?: string;
  readonly model: string;
  readonly ports?: number;
  readonly p2?: number;
  readonly p3?: number;
  readonly count?: number;
}

export interface RawHub {
  readonly id?: string;
  readonly controller: string;
  readonly port: string | number;
  readonly ports?: number;
}

interface RawPin {
  readonly controller?: string;
  readonly port?: string | number;
  readonly slower?: 'refuse' | 'allow';
}

export interface RawHostDevice extends RawPin {
  readonly select: string;
  readonly 'when-missing'?: 'skip' | 'wait' | 'fail';
  readonly 'guard-off'?: readonly GuardKind[];
}

export interface RawEmulatedDevice extends RawPin {
  readonly emulated: string;
  readonly id?: string;
  readonly drive?: Pick<RawDrive, 'file' | 'format' | 'readonly'>;
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
}
