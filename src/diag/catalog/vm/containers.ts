import type { Text } from '../../finding.js';
import { advice, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list, quote } from '../words.js';

type EngineName = 'docker' | 'podman' | 'nerdctl';

/** The commands of an engine that help. */
function commandsOf(engine: EngineName) {
  switch (engine) {
    case 'docker':
      return {
        ...{ ps: sh`docker ps`, info: sh`docker info` },
        inspect: (name: string) => sh`docker container inspect ${name}`,
        start: (name: string) => sh`docker start ${name}`,
        unpause: (name: string) => sh`docker unpause ${name}`,
      };
    case 'podman':
      return {
        ...{ ps: sh`podman ps`, info: sh`podman info` },
        inspect: (name: string) => sh`podman container inspect ${name}`,
        start: (name: string) => sh`podman start ${name}`,
        unpause: (name: string) => sh`podman unpause ${name}`,
      };
    case 'nerdctl':
      return {
        ...{ ps: sh`nerdctl ps`, info: sh`nerdctl info` },
        inspect: (name: string) => sh`nerdctl container inspect ${name}`,
        start: (name: string) => sh`nerdctl start ${name}`,
        unpause: (name: string) => sh`nerdctl unpause ${name}`,
      };
  }
}

/** An engine that could not say whether it has a container, and its last words. */
interface FailedEngine {
  readonly engine: EngineName;
  readonly reason: string;
}

const failures = (failed: readonly FailedEngine[]): string =>
  failed.map(({ engine, reason }) => `${printable(engine)}: ${printable(reason, 300)}`).join('; ');

export const containers = {
  'container-name-wrong': {
    kind: 'usage',
    text: ({ word }: { word: string }): Text => ({
      what: `${quote(word)} is not the name of a container`,
      why: 'a name has letters, digits, `.`, `-` and `_`, and begins with a letter or digit; an engine may stand before it: docker/NAME, podman/NAME, nerdctl/NAME',
    }),
  },
  'container-no-engine': {
    kind: 'not-found',
    text: ({ name, engines }: { name: string; engines: readonly EngineName[] }): Text => ({
      what: `there is no engine to ask for the container ${printable(name)}`,
      why: `none of these programs is in PATH: ${list(engines)}`,
      fix: advice('give the QEMU by its pid: ', sh`qplug vms`),
    }),
  },
  /** `failed`: engines that could not answer, beside those that have no such container. */
  'container-not-found': {
    kind: 'not-found',
    text: (e: { name: string; engines: readonly EngineName[]; failed: readonly FailedEngine[] }): Text => ({
      what: `there is no container ${printable(e.name)}`,
      why: `asked: ${list(e.engines)}${e.failed.length === 0 ? '' : `; ${failures(e.failed)}`}`,
      fix: [
        ...e.engines.map((engine) => commandsOf(engine).ps),
        advice('a rootless engine shows the containers of its own user only'),
      ],
    }),
  },
  'container-engine-failed': {
    kind: 'unreachable',
    text: ({ name, failed }: { name: string; failed: readonly FailedEngine[] }): Text => ({
      what: `no engine could say where the container ${printable(name)} is`,
      why: failures(failed),
      fix: failed.map(({ engine }) => commandsOf(engine).inspect(name)),
    }),
  },
  'container-ambiguous': {
    kind: 'ambiguous',
    text: ({ name, engines }: { name: string; engines: readonly EngineName[] }): Text => ({
      what: `several engines have a container ${printable(name)}`,
      why: list(engines),
      fix: advice(
        `name the engine, too: ${engines.map((one) => `container:${printable(one)}/${printable(name)}`).join(', ')}`,
      ),
    }),
  },
  /** `status`: the engine's word: `paused`, `exited`, …. */
  'container-not-running': {
    kind: 'refused',
    text: ({ name, engine, status }: { name: string; engine: EngineName; status: string }): Text => ({
      what: `the container ${printable(name)} does not run`,
      why: `${printable(engine)} says: ${printable(status)}`,
      fix: status === 'paused' ? commandsOf(engine).unpause(name) : commandsOf(engine).start(name),
    }),
  },
  'container-without-qemu': {
    kind: 'not-found',
    text: ({ name }: { name: string }): Text => ({
      what: `no QEMU runs in the container ${printable(name)}`,
      why: 'it starts later, has ended, or belongs to a user whose processes you may not see',
      fix: sh`qplug vms`,
    }),
  },
  'container-with-qemus': {
    kind: 'ambiguous',
    text: ({ name, pids }: { name: string; pids: readonly number[] }): Text => ({
      what: `several QEMUs run in the container ${printable(name)}`,
      why: `processes ${pids.join(', ')}`,
      fix: pids.map((pid) => sh`qplug status ${`pid:${pid}`}`),
    }),
  },
  'container-elsewhere': {
    kind: 'unreachable',
    text: ({ name, engine, pid }: { name: string; engine: EngineName; pid: number }): Text => ({
      what: `the container ${printable(name)} does not run on this host`,
      why: `its first process has the pid ${pid}, says ${printable(engine)}, and here that is another process or none; the engine may run on another host or in a virtual machine`,
      fix: commandsOf(engine).info,
    }),
  },
  'network-not-entered': {
    kind: 'unreachable',
    text: ({ pid, reason }: { pid: number; reason: string }): Text => ({
      what: `qplug can't enter the network of process ${pid}`,
      why: printable(reason, 300),
      fix: advice('root may enter it; or publish the port of the monitor, and give its address: tcp:127.0.0.1:PORT'),
    }),
  },
} as const;
