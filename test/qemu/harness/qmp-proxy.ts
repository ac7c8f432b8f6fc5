import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';

/** A QMP command on its way. */
export interface Passing {
  readonly execute: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly id?: unknown;
}

/** What the proxy does with a command: lets it through, sends another, answers it itself, or keeps it for ever. */
export type Verdict = 'pass' | 'hold' | Passing | { readonly error: string } | { readonly return: unknown };

export interface ProxyRules {
  readonly command?: (command: Passing) => Verdict | Promise<Verdict>;
  /** Changes the answer of a command. */
  readonly reply?: (command: Passing, value: unknown) => unknown;
}

/** Stands between a client and a QEMU, and does what no QEMU can be made to do on time. */
export interface QmpProxy extends AsyncDisposable {
  readonly socket: string;
  /** Commands that arrived, in order. */
  readonly seen: Passing[];
}

/** The lines of a socket that may break off: its errors come up here too. */
function linesOf(input: Socket): Interface {
  return createInterface({ input }).on('error', () => undefined);
}

/** @param target - QEMU's socket; the proxy's is `<target>.proxy` */
export async function startProxy(target: string, rules: ProxyRules): Promise<QmpProxy> {
  const socket = `${target}.proxy`;
  const seen: Passing[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const qemu = createConnection(target);
    for (const one of [client, qemu]) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        client.destroy();
        qemu.destroy();
      });
    }
    const sent = new Map<unknown, Passing>();
    const judge = async (line: string): Promise<void> => {
      const command = JSON.parse(line) as Passing;
      seen.push(command);
      const verdict = (await rules.command?.(command)) ?? 'pass';
      if (verdict === 'hold') return;
      const { id } = command;
      if (verdict !== 'pass' && !('execute' in verdict)) {
        const answer =
          'error' in verdict ? { error: { class: 'GenericError', desc: verdict.error }, id } : { ...verdict, id };
        client.write(`${JSON.stringify(answer)}\r\n`);
        return;
      }
      sent.set(id, command);
      qemu.write(`${verdict === 'pass' ? line : JSON.stringify({ ...verdict, id })}\n`);
    };
    // one after the other, as QEMU does it
    let turn = Promise.resolve();
    linesOf(client).on('line', (line) => {
      turn = turn.then(() => judge(line));
    });
    linesOf(qemu).on('line', (line) => {
      const message = JSON.parse(line) as { return?: unknown; id?: unknown };
      const command = sent.get(message.id);
      if (command === undefined || !('return' in message) || rules.reply === undefined) client.write(`${line}\r\n`);
      else client.write(`${JSON.stringify({ ...message, return: rules.reply(command, message.return) })}\r\n`);
    });
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    seen,
    async [Symbol.asyncDispose]() {
      for (const one of open) one.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @returns rules under which QEMU says that it does not have these models */
export function lacking(...models: readonly string[]): ProxyRules {
  return {
    command: (command) =>
      command.execute === 'device-list-properties' && models.includes(String(command.arguments?.['typename']))
        ? { ...command, arguments: { typename: 'qplug-no-such-model' } }
        : 'pass',
  };
}
