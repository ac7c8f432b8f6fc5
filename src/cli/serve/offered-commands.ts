/**
 * What the agent's sockets offer of the command line: declarations of commands come in, with a way to run one; what clients may ask for goes
 * out, and answers as with `--json`.
 */

import type { CommandDeclaration } from '../command.js';

/** A command as a socket offers it: the words and options that its clients may give. */
export interface OfferedCommand extends CommandDeclaration {
  /** A switch that a request must turn on. */
  readonly must?: string | undefined;
  /** Options that the command line has and the socket has not, each with the reason. */
  readonly withheld: Readonly<Record<string, string>>;
}

/** Commands that no socket offers, each with the reason. */
export const WITHHELD: Readonly<Record<string, string>> = {
  agent: 'the agent runs already; its own requests are accounts, look, hold, resume and events',
  share: 'it stays as long as the share does; start it as a program of its own',
};

/** Commands that an agent under a service manager does not offer: what it starts is confined, and ends with the service. */
export const WITHHELD_AS_SERVICE: Readonly<Record<string, string>> = {
  run: 'the VM would be a part of this service, and end with it; the unit qplug@NAME runs the VM file NAME.yaml',
};

/** Options that no socket offers, by command, each with the reason. */
const WITHHELD_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  devices: {
    watch: 'it stays until it is ended; the request "events" tells of devices that come and go',
    tree: 'it is for people; the document has the ports',
  },
  mend: { after: 'it stays until the VM has ended; the agent mends by itself' },
};

/** A VM in the foreground would end with its client. */
const MUST: Readonly<Record<string, string>> = { run: 'detach' };

/**
 * The commands that watchers may run: they change nothing, connect to nothing, and read only the host's USB devices and qplug's own records. They
 * take no word, so that no watcher chooses what an agent of another user reads. `list` is not among them: it connects to the sockets of
 * adopted VMs, which keeps other clients from them for a moment.
 */
const WATCHED = ['devices', 'claims', 'assignments'];

/** @returns what the agent's user may run: every command but those that stay in the foreground */
export function offeredCommands(all: readonly CommandDeclaration[]): OfferedCommand[] {
  return all
    .filter(({ name }) => !Object.hasOwn(WITHHELD, name) && name !== 'events')
    .map((command) => {
      const withheld = WITHHELD_OPTIONS[command.name] ?? {};
      const options = Object.entries(command.options).filter(([name]) => !Object.hasOwn(withheld, name));
      return { ...command, options: Object.fromEntries(options), withheld, must: MUST[command.name] };
    });
}

/** @returns what watchers may run */
export function watchedCommands(all: readonly CommandDeclaration[]): OfferedCommand[] {
  return all
    .filter(({ name }) => WATCHED.includes(name))
    .map((command) => ({ ...command, words: [], options: {}, withheld: {} }));
}
