import { advice, type Fix, type FixPart, oneLineOfOptions, options, sh } from './fix.js';
import { printable } from './printable.js';
import { yamlText } from './yaml-text.js';

/** The speed classes in words. */
export type SpeedWord = 'low' | 'full' | 'high' | 'super';

/** See `Change` in src/planner/plan.ts. */
export type PlannerChange =
  | { readonly fix: 'repin'; readonly controller?: string | undefined; readonly port?: string | undefined }
  | { readonly fix: 'unpin' }
  | { readonly fix: 'allow-slower'; readonly speed: SpeedWord }
  | { readonly fix: 'grow'; readonly what: 'hubs' | 'controllers' | 'both' }
  | { readonly fix: 'more-ports'; readonly controller: string; readonly rule: 'xhci' | 'ohci'; readonly ports: number }
  | { readonly fix: 'add-companions'; readonly controller: string }
  | { readonly fix: 'add-controller'; readonly model: string; readonly id: string; readonly bus?: string | undefined }
  | { readonly fix: 'detach'; readonly device: string };

/** See `Fix` there. */
export type PlannerFix =
  | PlannerChange
  | { readonly fix: 'both'; readonly changes: readonly [PlannerChange, PlannerChange] }
  | { readonly fix: 'none'; readonly because: 'no-speed' | 'nothing-helps' | 'not-sought' };

/** What decides how a fix is written. */
export interface FixContext {
  /** How the VM is called in commands. */
  readonly vm: string;
  /** Whether it runs: then a fix is options and commands, else lines of its file. */
  readonly running: boolean;
  /** The pin that the user gave. */
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  /** Controllers that the VM has without a line in its file: a list of controllers has to name them too. */
  readonly unwritten: readonly { readonly id: string; readonly model: string }[];
}

export const SPEED: Readonly<Record<SpeedWord, string>> = {
  low: 'low-speed, 1.5 Mb/s',
  full: 'full-speed, 12 Mb/s',
  high: 'high-speed, 480 Mb/s',
  super: 'SuperSpeed, 5000 Mb/s',
};

/** Facts of QEMU that people stumble over (hw/usb/dev-hub.c; hw/usb/hcd-ehci.c, portspeed of a port without companion). */
export const HUB_IS_FULL_SPEED = "QEMU's usb-hub is a full-speed (USB 1.1) device";
export const BARE_EHCI = 'a bare EHCI port takes only high speed';

/** @returns options and commands to type, or lines of the VM file between backticks; undefined for no fix */
export function plannerFix(fix: PlannerFix, context: FixContext): Fix | undefined {
  if (fix.fix === 'none') return undefined;
  const changes = fix.fix === 'both' ? fix.changes : [fix];
  if (!context.running) return advice(changes.map((change) => fileText(change, context)).join(', and '));
  const parts = changes.flatMap((change) => liveFix(change, context));
  // where one of two can't be typed, the other alone is no fix
  return parts.includes(undefined) ? undefined : oneLineOfOptions(parts);
}

function fileText(change: PlannerChange, context: FixContext): string {
  switch (change.fix) {
    case 'repin':
      return `write \`${pinOf(change).map(yamlPair).join(', ')}\` on its line`;
    case 'unpin':
      return `leave out ${pinOf(context)
        .map(([key]) => `\`${key}:\``)
        .join(' and ')} on its line`;
    case 'allow-slower':
      return `write \`slower: allow\` on its line (${SPEED[change.speed]})`;
    case 'grow':
      return `write \`grow: [${change.what === 'both' ? 'hubs, controllers' : change.what}]\` under usb`;
    case 'more-ports': {
      const { rule, ports, controller } = change;
      const keys = rule === 'xhci' ? ['p2', 'p3'] : ['ports'];
      return `write \`${keys.map((key) => `${key}: ${ports}`).join(', ')}\` for the controller ${printable(controller)}`;
    }
    case 'add-companions':
      return `write \`model: ich9\` for the controller ${printable(change.controller)}`;
    case 'add-controller': {
      const one = `{ model: ${change.model} }`;
      if (context.unwritten.length === 0) return `add \`- ${one}\` under usb.controllers`;
      const all = context.unwritten.map(({ id, model }) => `{ id: ${yaml(id)}, model: ${model} }`);
      return `write \`controllers: [${[...all, one].join(', ')}]\` under usb`;
    }
    case 'detach':
      return `remove ${printable(change.device)}`;
  }
}

function liveFix(change: PlannerChange, context: FixContext): (FixPart | undefined)[] {
  switch (change.fix) {
    case 'repin':
      return [pinOptions(change)];
    case 'unpin': {
      const keys = pinOf(context).map(([key]) => key);
      const inFile = keys.map((key) => `\`${key}:\``).join(' and ');
      return [advice(`leave out ${keys.map((key) => `--${key}`).join(' and ')} (in the VM file: ${inFile})`)];
    }
    case 'allow-slower':
      return [options`--slower allow`, advice(`it then runs at ${SPEED[change.speed]}`)];
    case 'grow':
      return [options`--grow ${change.what}`];
    case 'more-ports':
    case 'add-companions':
      return [advice(fileText(change, context))];
    case 'add-controller': {
      const ports = /xhci/.test(change.model) ? { p2: 15, p3: 15 } : {};
      const properties = JSON.stringify({ driver: change.model, id: change.id, bus: change.bus, ...ports });
      return [sh`qplug qmp ${context.vm} device_add ${properties}`];
    }
    case 'detach':
      return [sh`qplug detach ${context.vm} ${change.device}`];
  }
}

function pinOptions({ controller, port }: Pick<FixContext, 'controller' | 'port'>): FixPart | undefined {
  if (controller === undefined) return options`--port ${port ?? ''}`;
  return port === undefined ? options`--controller ${controller}` : options`--controller ${controller} --port ${port}`;
}

function pinOf({ controller, port }: Pick<FixContext, 'controller' | 'port'>): ['controller' | 'port', string][] {
  return [
    ...(controller === undefined ? [] : [['controller', controller] as ['controller', string]]),
    ...(port === undefined ? [] : [['port', port] as ['port', string]]),
  ];
}

function yamlPair([key, value]: [string, string]): string {
  return `${key}: ${yaml(value)}`;
}

/** Quotes what YAML would read as something else: `2.10` as a number, `true` as a boolean. */
function yaml(value: string): string {
  const plain = /^(?:[A-Za-z][A-Za-z0-9._-]*|[1-9]\d*)$/.test(value) && !/^(?:true|false|null)$/i.test(value);
  return plain ? value : yamlText(value);
}
