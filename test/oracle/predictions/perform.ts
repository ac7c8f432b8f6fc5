import { deviceAddArguments } from '../../../src/qdev/index.js';
import type { OracleQemu } from '../harness/oracle-qemu.js';
import type { Ask, Foreign } from './case.js';
import { classOf } from './classify.js';
import type { Outcome } from './predict.js';
import { attachesLate, spell } from './spell.js';

/** QEMU's answer to a question, and the words of its refusal. */
export interface Seen {
  readonly outcome: Outcome;
  readonly words?: string;
}

/** Asks a running QEMU. A device that it accepts stays. */
export async function perform(qemu: OracleQemu, ask: Ask): Promise<Seen> {
  const { spec, backend } = spell(ask);
  if (backend?.command !== undefined) await must(qemu, ...backend.command);
  const mark = qemu.stderrMark();
  const reply = await qemu.ask('device_add', deviceAddArguments(spec));
  if ('error' in reply) {
    const words = explained(qemu, mark, reply.error.desc);
    return { outcome: { refused: await refusalOf(qemu, ask, words) }, words };
  }
  if (ask.add === 'controller') return { outcome: { added: ask.controller.id } };
  if (attachesLate(ask.device)) {
    const late = { path: `/machine/peripheral/${ask.id}`, property: 'attached', value: true };
    const attached = await qemu.ask('qom-set', late);
    if ('error' in attached) {
      await takeAway(qemu, ask.id);
      return { outcome: { refused: classOf(attached.error.desc, 'device') }, words: attached.error.desc };
    }
  }
  const outcome = await placeOf(qemu, ask);
  if ('refused' in outcome) await takeAway(qemu, ask.id);
  return { outcome };
}

async function must(qemu: OracleQemu, command: string, args: Readonly<Record<string, unknown>>): Promise<void> {
  const reply = await qemu.ask(command, args);
  if ('error' in reply) throw new Error(`${command}: ${reply.error.desc}`);
}

/** QEMU explains a failed usb-host only on stderr. */
function explained(qemu: OracleQemu, mark: number, words: string): string {
  const text = qemu.stderrSince(mark);
  return words.includes('failed to open host usb device') && text.includes('speed mismatch') ? text.trim() : words;
}

/** QEMU's error is the same for a port in use and for one that does not exist; its list of devices distinguishes them. */
async function refusalOf(qemu: OracleQemu, ask: Ask, words: string): Promise<string> {
  const refused = classOf(words, ask.add);
  if (ask.add === 'controller' || refused !== 'no-such-port') return refused;
  const { controllers } = await qemu.observe();
  const devices = controllers.find(({ bus }) => bus === ask.bus)?.devices ?? [];
  return devices.some(({ port }) => port === ask.port) ? 'port-in-use' : refused;
}

async function placeOf(qemu: OracleQemu, { id }: Extract<Ask, { add: 'device' }>): Promise<Outcome> {
  const path = `/machine/peripheral/${id}`;
  const [attached, parent, list] = await Promise.all([
    qemu.ask('qom-get', { path, property: 'attached' }),
    qemu.ask('qom-get', { path, property: 'parent_bus' }),
    qemu.ask('human-monitor-command', { 'command-line': 'info usb' }),
  ]);
  if (!('ok' in attached) || attached.ok !== true) return { refused: 'unattached' };
  const [line, ...others] = linesOf('ok' in list ? String(list.ok) : '', id);
  const [, seenPort = '?', speed = 'none'] =
    /^ {2}Device [\d.]+, Port ([\d.]+), Speed ([\d.]+) Mb\/s/.exec(line ?? '') ?? [];
  if (others.length > 0) return { refused: 'listed twice' };
  const seenBus = 'ok' in parent ? String(parent.ok).split('/').at(-1) : undefined;
  return { attached: { bus: seenBus ?? '?', port: seenPort, megabits: Number(speed) } };
}

/** @returns the text of `info usb` about a device: names may have line breaks, so it ends where the next device begins */
function linesOf(text: string, id: string): string[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n(?= {2}Device \d+\.\d+, Port |$)/)
    .filter((line) => line.endsWith(`, ID: ${id}`));
}

/** Adds a device as another user of the VM would, without a port; it does not matter whether QEMU takes it. */
export async function addForeign(qemu: OracleQemu, foreign: Foreign): Promise<void> {
  await qemu.ask('device_add', { ...foreign });
}

/** Unplugs a device. That is done when QEMU answers (hw/usb/bus.c); does not wait for the event, which comes later. */
export async function takeAway(qemu: OracleQemu, id: string): Promise<void> {
  await must(qemu, 'device_del', { id });
}
