import { type Command, sh } from './fix.js';
import type { DiskUse, Guard, HolderProcess, SeatUse, Volume } from './guard.js';
import { printable } from './printable.js';

/** The longest name from outside that stands in a sentence. */
const NAME = 96;

/** How many names of a list a sentence has. */
const LISTED = 4;

/** A guard in words: what the host uses, and what would break. Both are printable. */
export interface GuardWords {
  /** `/dev/sdb1 mounted at /mnt` */
  readonly subject: string;
  /** A sentence without a full stop. */
  readonly breaks: string;
  /** The command that ends the host's use, where there is one. */
  readonly mend?: Command | undefined;
}

/** The only function that words a guard. @returns its words */
export function guardWords(guard: Guard): GuardWords {
  switch (guard.kind) {
    case 'hub':
      return {
        subject: guard.below.length === 0 ? 'a hub' : `a hub with ${list(guard.below)} behind it`,
        breaks: 'the host would lose every device behind it',
      };
    case 'mount': {
      const { at, inside } = guard;
      const where = inside === undefined ? '' : `, in the mount namespace of ${processWords(inside)}`;
      return {
        subject: `${disk(guard)}mounted at ${list(at)}${where}`,
        breaks: 'the file system would lose its disk: unwritten data is lost, and programs that use it fail',
        mend: inside === undefined ? sh`umount ${at[0] ?? ''}` : undefined,
      };
    }
    case 'swap':
      return {
        subject: `${disk(guard)}used as swap`,
        breaks: 'programs whose memory is swapped out there would be killed',
        mend: sh`swapoff ${top(guard)}`,
      };
    case 'volume': {
      const volume = guard.through.at(-1);
      return {
        subject: `${disk({ ...guard, through: guard.through.slice(0, -1) })}part of ${volume === undefined ? 'a volume' : volumeWords(volume)}`,
        breaks: 'the volume would lose its disk, and all its data',
        mend: volume === undefined ? undefined : closing(volume),
      };
    }
    case 'disk-open':
      return {
        subject: `${disk(guard)}open in ${processes(guard.processes)}`,
        breaks: 'the program would read or write incomplete data',
      };
    case 'keyboard':
    case 'pointer': {
      const what = guard.kind === 'keyboard' ? 'the only keyboard' : 'the only pointer';
      return {
        subject: `${what} of ${printable(guard.seat, NAME)}: ${printable(guard.input, NAME)}`,
        breaks: `the person at that seat could no longer ${guard.kind === 'keyboard' ? 'type' : 'point'}: ${seatWords(guard.use)}`,
      };
    }
    case 'bluetooth':
      return {
        subject: `Bluetooth adapter ${printable(guard.adapter, NAME)} of ${list(guard.inputs)}${guard.sure ? '' : ' (the only adapter here)'}`,
        breaks: 'keyboards and pointers that are connected through it would disconnect',
      };
    case 'route': {
      const families = guard.families.join(' and ');
      return {
        subject: `network interface ${link(guard)} with the default route (${families})`,
        breaks: 'this host would lose its connection to other networks',
      };
    }
    case 'ssh':
      return {
        subject: `network interface ${link(guard)} that SSH sessions come through: ${list(guard.peers)}`,
        breaks: 'the sessions would be cut off',
      };
    case 'console': {
      const by = guard.process === undefined ? '' : ` (${processWords(guard.process)})`;
      const use = {
        active: 'a console of the kernel',
        'command-line': 'named by console= on the kernel command line',
        getty: `a login terminal${by}`,
      };
      return {
        subject: `${printable(guard.node, NAME)}, ${use[guard.use]}`,
        breaks: 'anyone who watches this host or logs in there would be cut off',
      };
    }
    case 'serial':
      return {
        subject: `${printable(guard.node, NAME)} open in ${processes(guard.processes)}`,
        breaks: 'the program would lose its serial line',
      };
    case 'token': {
      const by = processes(guard.processes);
      return {
        subject: guard.sure
          ? `${printable(guard.node, NAME)} open in ${by}`
          : `claimed by a program, and ${by} runs, which serves such devices`,
        breaks: 'signing, logging in and decrypting with the card or key would fail',
      };
    }
    case 'in-use': {
      const { claimed } = guard;
      const by =
        guard.processes.length > 0
          ? `open in ${processes(guard.processes)}`
          : `claimed by a program that only root may see (${list(claimed)})`;
      const isVm = guard.processes.some((one) => one.vm !== undefined);
      return {
        subject: `${printable(guard.node, NAME)} ${by}`,
        breaks: isVm ? 'the other VM would lose it' : 'the program would lose it',
      };
    }
  }
}

/** @returns `qemu-system-x86 (pid 812, libvirt domain win10)` */
export function processWords({ pid, name, vm, libvirt }: HolderProcess): string {
  const known = vm === undefined ? '' : `, ${libvirt === true ? 'libvirt domain' : 'VM'} ${printable(vm, NAME)}`;
  return `${printable(name, NAME)} (pid ${pid}${known})`;
}

function processes(all: readonly HolderProcess[]): string {
  return all.length === 0 ? 'a program' : listed(all.map(processWords));
}

function list(words: readonly string[]): string {
  return listed(words.map((word) => printable(word, NAME)));
}

function listed(words: readonly string[]): string {
  const more = words.length - LISTED;
  return `${words.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function volumeWords({ node, what, name }: Volume): string {
  const kind: Readonly<Record<Volume['what'], string>> = {
    LUKS: 'the open LUKS volume',
    LVM: 'the LVM volume',
    multipath: 'the multipath device',
    'device-mapper': 'the device-mapper device',
    MD: 'the MD array',
    bcache: 'the bcache device',
    loop: 'the loop device',
    other: 'the block device',
  };
  return `${kind[what]} ${name === undefined ? printable(node, NAME) : `${printable(name, NAME)} (${printable(node, NAME)})`}`;
}

/** `/dev/sdb1 ` or `/dev/sdb1, below the LVM volume vg-home (/dev/dm-1), `: the subject of the words after it. */
function disk({ node, through }: DiskUse): string {
  const part = printable(node, NAME);
  return through.length === 0 ? `${part} ` : `${part}, below ${listed(through.map(volumeWords))}, `;
}

function top({ node, through }: DiskUse): string {
  return through.at(-1)?.node ?? node;
}

function closing({ node, what, name }: Volume): Command | undefined {
  switch (what) {
    case 'LUKS':
      return sh`cryptsetup close ${name ?? node}`;
    case 'LVM':
      return sh`lvchange -an ${node}`;
    case 'MD':
      return sh`mdadm --stop ${node}`;
    case 'device-mapper':
      return sh`dmsetup remove ${name ?? node}`;
    case 'loop':
      return sh`losetup -d ${node}`;
    default:
      return undefined;
  }
}

function link({
  interface: name,
  through,
}: {
  readonly interface: string;
  readonly through: readonly string[];
}): string {
  return through.length === 0 ? printable(name, NAME) : `${printable(name, NAME)} below ${list(through)}`;
}

function seatWords(use: SeatUse): string {
  switch (use.by) {
    case 'session':
      return `session ${printable(use.session, NAME)}${use.user === undefined ? '' : ` of ${printable(use.user, NAME)}`} is on`;
    case 'terminal':
      return `${processWords(use.process)} is on ${printable(use.terminal, NAME)}`;
    case 'reader':
      return `${processWords(use.process)} reads it`;
  }
}
