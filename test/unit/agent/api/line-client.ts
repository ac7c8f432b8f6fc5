import { createConnection, type Socket } from 'node:net';
import { poll } from '../../../../src/base/index.js';
import { patience } from '../../../patience.js';

type Answer = Readonly<Record<string, unknown>>;

/** A client of an agent's socket that sends any bytes, and keeps every line that comes back. */
export class LineClient implements Disposable {
  readonly socket: Socket;
  readonly answers: Answer[] = [];
  isClosed = false;
  #asked = 0;

  private constructor(path: string) {
    this.socket = createConnection({ path });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    let rest = '';
    this.socket.setEncoding('utf8');
    this.socket.on('data', (text: string) => {
      rest += text;
      if (!text.includes('\n')) return;
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      this.answers.push(...lines.map((line) => JSON.parse(line) as Answer));
    });
  }

  static async connect(path: string): Promise<LineClient> {
    const client = new LineClient(path);
    await poll(() => client.socket.readyState === 'open' || client.isClosed, { interval: 1, signal: patience() });
    return client;
  }

  /** Sends a request in a line. */
  send(request: object): void {
    this.socket.write(`${JSON.stringify(request)}\n`);
  }

  /** Those that are no progress. */
  get finals(): readonly Answer[] {
    return this.answers.filter((one) => !('progress' in one));
  }

  /** Waits for so many final answers, or the end of the connection. */
  async gets(count: number): Promise<readonly Answer[]> {
    await poll(() => this.finals.length >= count || this.isClosed, { interval: 1, signal: patience() });
    return this.finals;
  }

  /** Sends a request, and waits for its final answer. */
  async ask(request: object): Promise<Answer> {
    const id = `ask ${this.#asked++}`;
    this.send({ ...request, id });
    const found = (): Answer | undefined => this.finals.find((one) => one['id'] === id);
    return await poll(() => found() ?? (this.isClosed ? { closed: true } : undefined), {
      interval: 1,
      signal: patience(),
    });
  }

  async closed(): Promise<void> {
    await poll(() => this.isClosed, { interval: 1, signal: patience() });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
