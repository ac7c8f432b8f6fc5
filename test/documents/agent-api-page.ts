import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type {
  Arguments,
  CommandDeclaration,
  OptionDeclaration,
  PathKind,
  WordDeclaration,
} from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands/index.js';
import { MOST_NUMBER } from '../../src/cli/parse/arguments.js';
import { parseCommandLine } from '../../src/cli/parse/parser.js';
import {
  type OfferedCommand,
  offeredCommands,
  WITHHELD,
  WITHHELD_AS_SERVICE,
  watchedCommands,
} from '../../src/cli/serve/offered-commands.js';
import { readRequest } from '../../src/cli/serve/read-request.js';

type Json = Readonly<Record<string, unknown>>;

/** A request that runs a command. */
export interface CommandExample {
  readonly do: string;
  readonly words?: Json;
  readonly options?: Json;
}

const OFFERED: readonly OfferedCommand[] = offeredCommands(COMMANDS);

/** The agent's own requests: what they do, and what comes back. */
const OWN: readonly {
  readonly request: Json & { readonly do: string };
  readonly members?: Json;
  readonly about: string;
  readonly answer: string;
}[] = [
  {
    request: { do: 'accounts' },
    about: 'Each device that a VM has, had, or is to have.',
    answer: '`accounts`, `shares`, `next` and `held`, as in schemas/agent-status.schema.json',
  },
  {
    request: { do: 'events', since: 1, vm: 'bench' },
    members: {
      since: {
        description: 'Begin with the event of this number; without it, with the next one.',
        type: 'integer',
        minimum: 0,
      },
      vm: { description: 'Only events of this VM, and of host devices.', type: 'string' },
    },
    about: 'What happens, as it happens. The events end with the connection.',
    answer: 'one line for each event, as in schemas/agent-event.schema.json without `schema`',
  },
  { request: { do: 'look' }, about: 'Let the agent look at everything at once.', answer: '`done`: true' },
  {
    request: { do: 'hold' },
    about: 'Take all devices from their VMs, before the host sleeps.',
    answer: '`held`, and `left`: the devices that are not yet as they are to be',
  },
  {
    request: { do: 'resume' },
    about: 'Give them back. With `words` it is the command of that name.',
    answer: 'the same',
  },
];

/** @returns schemas/agent-request.schema.json */
export function agentRequestSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:qplug:agent-request:1',
    title: "A line to the agent's socket",
    description: 'Made by scripts/agent-api.mjs from the declarations of the commands.',
    oneOf: [
      ...OWN.map(({ request, members = {}, about }) => objectOf(about, ['do'], { ...head(request.do), ...members })),
      ...OFFERED.map(commandSchema),
    ],
  };
}

/** @param root - the project's folder. @returns schemas/agent-answer.schema.json */
export function agentAnswerSchema(root: string): Json {
  const event = JSON.parse(readFileSync(join(root, 'schemas/agent-event.schema.json'), 'utf8')) as { properties: Json };
  const status = (name: string): Json => ({ $ref: `urn:qplug:agent-status:1#/properties/${name}` });
  const hold = (name: string): Json => ({ $ref: `urn:qplug:agent-hold:1#/properties/${name}` });
  const documents = [...new Set(OFFERED.flatMap((one) => one.documents)), 'error'].sort();
  const exit = { description: 'The exit code of the command line.', type: 'integer', minimum: 0 };
  const error = { description: 'Why there is no other answer, in words.', type: 'string' };
  const eventKeys = Object.keys(event.properties).filter((name) => name !== 'schema');
  const id = { id: ID };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:qplug:agent-answer:1',
    title: "A line from the agent's socket",
    description: 'Made by scripts/agent-api.mjs.',
    anyOf: [
      objectOf('A command is over.', ['id', 'exit', 'document'], {
        ...id,
        exit,
        document: {
          description: 'The document of --json.',
          anyOf: documents.map((name) => ({ $ref: `urn:qplug:${name}:1` })),
        },
      }),
      objectOf('A command goes on.', ['id', 'progress'], {
        ...id,
        progress: { description: 'A line for people. Raw.', type: 'string', maxLength: 500 },
      }),
      objectOf(
        'The request is wrong. With `exit`: the command is over, and its document can not be sent.',
        ['id', 'error'],
        {
          ...id,
          error,
          exit,
        },
      ),
      objectOf('To `accounts`.', ['id', 'accounts', 'shares', 'next', 'held'], {
        ...id,
        accounts: status('accounts'),
        shares: status('shares'),
        next: status('next'),
        held: status('held'),
      }),
      objectOf('To `events`.', ['id', 'event'], {
        ...id,
        ...Object.fromEntries(eventKeys.map((name) => [name, { $ref: `urn:qplug:agent-event:1#/properties/${name}` }])),
      }),
      objectOf('To `look`.', ['id', 'done'], { ...id, done: { description: 'It is done.', const: true } }),
      objectOf('To `hold` and `resume`.', ['id', 'held', 'left'], { ...id, held: hold('held'), left: hold('left') }),
    ],
  };
}

const ID: Json = {
  description: 'A text or a number, which comes back in each answer.',
  type: ['string', 'number', 'null'],
};

function head(verb: string): Json {
  return { id: ID, do: { description: 'The request.', const: verb } };
}

function objectOf(description: string, required: readonly string[], properties: Json): Json {
  return { description, type: 'object', additionalProperties: false, required, properties };
}

function commandSchema(command: OfferedCommand): Json {
  const { name, summary, words, options, must } = command;
  const required = words.filter((one) => one.required).map((one) => one.name);
  const needsWords = required.length > 0;
  const wordsSchema = objectOf(
    'Its words.',
    required,
    Object.fromEntries(words.map((one) => [one.name, valueSchema(one)])),
  );
  const optionSchemas = Object.entries(options).map(([key, one]): [string, Json] => [
    key,
    key === must ? { description: one.describe, const: true } : valueSchema(one),
  ]);
  const needsOptions = must !== undefined;
  const optionsSchema = objectOf('Its options.', needsOptions ? [must] : [], Object.fromEntries(optionSchemas));
  return objectOf(summary, ['do', ...(needsWords ? ['words'] : []), ...(needsOptions ? ['options'] : [])], {
    ...head(name),
    words: wordsSchema,
    options: optionsSchema,
  });
}

function valueSchema(declared: WordDeclaration | OptionDeclaration): Json {
  const { describe: description, many, choices, path } = declared;
  const type = 'type' in declared ? declared.type : 'string';
  const optional = 'optional' in declared && declared.optional === true;
  if (type === 'boolean') return { description, type: 'boolean' };
  if (type === 'number') return { description, type: 'number', minimum: 0, maximum: MOST_NUMBER };
  const isPath = path === 'always' && !('nameWith' in declared);
  const text: Json = {
    type: 'string',
    ...(choices === undefined ? {} : { enum: [...choices, ...(optional ? [''] : [])] }),
    ...(isPath ? { pattern: '^/' } : {}),
  };
  return many === true ? { description, type: 'array', items: text } : { description, ...text };
}

/** @returns a request for each command that is offered: its first example that a request can ask for */
export function commandExamples(): ReadonlyMap<string, CommandExample> {
  return new Map(OFFERED.map((command) => [command.name, exampleOf(command)]));
}

function exampleOf(command: OfferedCommand): CommandExample {
  for (const [line] of command.examples) {
    if (/['"…]/.test(line)) continue;
    const parsed = parseCommandLine(line.split(' ').slice(1), COMMANDS);
    if (parsed.parsed !== 'command') continue;
    const { words, options } = requestOf(parsed.command, parsed.args);
    if (!('args' in readRequest(command, words, options))) continue;
    return {
      do: command.name,
      ...(Object.keys(words).length === 0 ? {} : { words }),
      ...(Object.keys(options).length === 0 ? {} : { options }),
    };
  }
  throw new Error(`no example of ${command.name} is a request`);
}

function requestOf(
  { words, options }: CommandDeclaration,
  args: Arguments,
): { readonly words: Json; readonly options: Json } {
  const given = words.flatMap(({ name, many, path }) => {
    const texts = args.texts(name).map((text) => absolute(text, path));
    return texts.length === 0 ? [] : [[name, many === true ? texts : texts[0]] as const];
  });
  const chosen = Object.entries(options).flatMap(([name, { type, many, path }]): [string, unknown][] => {
    if (type === 'boolean') return args.flag(name) ? [[name, true]] : [];
    const texts = args.texts(name).map((text) => absolute(text, path));
    if (texts.length === 0) return [];
    return [[name, type === 'number' ? Number(texts[0]) : many === true ? texts : texts[0]]];
  });
  return { words: Object.fromEntries(given), options: Object.fromEntries(chosen) };
}

/** @returns the path in a folder that no host has */
function absolute(text: string, path: PathKind | undefined): string {
  const isRelative =
    path !== undefined && path !== 'in-uri' && !text.startsWith('/') && /[/]|\.(yaml|json|sock)$/.test(text);
  return isRelative ? `/srv/vms/${basename(text)}` : text;
}

const HEAD = `# The agent's socket

Programs run every command of qplug through the socket of the agent ([agent.md](agent.md)): with the same documents, exit codes and findings
as with \`--json\`, and without a process for each command. \`node scripts/agent-api.mjs\` makes this page from the declarations of the commands.

The socket is \`agent/control.sock\` in the runtime folder (/run/qplug, or \`$XDG_RUNTIME_DIR/qplug\`). Only the agent's user may connect.

## Requests and answers

A request is a line of JSON, and so is each answer. schemas/agent-request.schema.json and schemas/agent-answer.schema.json describe them. \`id\` is
a text or a number of your choice; it comes back in each answer. Several requests may be open at once, and their answers come in any order.

\`\`\`text
→ {"id": 7, "do": "attach", "words": {"vm": "bench", "selector": ["0781:5567"]}, "options": {"port": "2"}}
← {"id": 7, "progress": "attach 0781:5567"}
← {"id": 7, "exit": 0, "document": {"schema": "urn:qplug:attach:1", …}}
\`\`\`

\`words\` and \`options\` have the names that \`qplug attach --help\` shows. Each complete line gets one final answer:

| Members | Meaning |
| --- | --- |
| \`exit\`, \`document\` | the command is over; the document is that of \`--json\`, also if the command failed (schemas/error.schema.json) |
| \`error\` | the request is wrong, and nothing was done; the text says what is wrong |
| \`exit\`, \`error\` | the command is over, and its document is too large or too deep to be sent |

\`progress\` is a line for people. Such lines come when a command takes longer than a second, or at once with \`"verbose": true\`. Most commands
send none.

**Paths** are absolute, because the agent has a working folder of its own. A word that may be a name is a path if it has a \`/\`, or ends with
.yaml, .yml, .json or .sock.

**To cancel** a command, close the connection: the agent then undoes what the command had begun, as after Ctrl-C. It counts as closed when you
close it for writing only. A command with \`timeout\` ends by itself when the time is over. If the agent ends, it undoes its commands first.

**Limits**: a line has at most 65,536 characters. A client has at most 16 open requests, of which 8 are commands; all clients together have 64
commands. A client that sends a longer line, or leaves more than 4 MiB of answers unread, is disconnected. A document has at most 8 Mi characters,
a line of progress 500.

## Events

\`{"id": 2, "do": "events"}\` subscribes: from then on each event is a line with this \`id\`, until the connection ends. Read the accounts and
then the events from \`next\` on, and you miss nothing:

\`\`\`text
→ {"id": 1, "do": "accounts"}
← {"id": 1, "accounts": […], "shares": […], "next": 18, "held": false}
→ {"id": 2, "do": "events", "since": 18}
← {"id": 2, "event": "device-seen", "seq": 18, …}
\`\`\`

A reader that is too slow gets \`{"event": "resync", "next": N}\`: it reads the accounts again, and continues with event N.

## The socket for watchers

\`qplug agent --watch-socket PATH\` listens at a second path for programs that may only look. The socket has mode 0660 and the group of its
folder. Only its owner may be able to change the folder, and the group must be able to enter it:

\`\`\`sh
install -d -m 750 -g users /run/qplug-watch
qplug agent --watch-socket /run/qplug-watch/agent.sock
\`\`\`

It offers \`accounts\`, \`events\`, and without words and options: ${watchedCommands(COMMANDS)
  .map(({ name }) => `\`${name}\``)
  .join(', ')}. Here \`devices\` does not say which programs use a device, and no
command first mends what killed processes left. Everything else gets an \`error\`.
`;

/** Makes docs/agent-api.md. */
export function agentApiPage(): string {
  const examples = commandExamples();
  const own = OWN.map(
    ({ request, about, answer }) => `### \`${request.do}\`\n\n${about} Answer: ${answer}.\n\n${example(request)}`,
  );
  const commands = OFFERED.map((command) => {
    const { name, summary, words, options, withheld, documents, must } = command;
    const rows = [
      ...words.map((one) => row('words', one.name, one, one.required)),
      ...Object.entries(options).map(([key, one]) => row('options', key, one, key === must)),
      ...Object.entries(withheld).map(([key, why]) => `| \`${key}\` | not offered | ${why} |`),
    ];
    const table = rows.length === 0 ? [] : [`| Member | Type | Meaning |\n| --- | --- | --- |\n${rows.join('\n')}`];
    const schemas = documents.map((one) => `schemas/${one}.schema.json`).join(', ');
    return [`### \`${name}\``, summary, ...table, example(examples.get(name) ?? {}), `Document: ${schemas}`].join(
      '\n\n',
    );
  });
  const reasons = (all: Readonly<Record<string, string>>): string[] =>
    Object.entries(all).map(([name, why]) => `- \`${name}\`: ${why}`);
  const [withheld, asService] = [reasons(WITHHELD), reasons(WITHHELD_AS_SERVICE)];
  return `${[
    HEAD.trimEnd(),
    '## Requests of the agent',
    ...own,
    '## Commands',
    `Not offered:\n\n${withheld.join('\n')}`,
    `Not offered by an agent that systemd runs:\n\n${asService.join('\n')}`,
    ...commands,
  ].join('\n\n')}\n`;
}

function example(request: object): string {
  return `\`\`\`json\n${JSON.stringify({ id: 1, ...request })}\n\`\`\``;
}

function row(where: string, key: string, declared: WordDeclaration | OptionDeclaration, required: boolean): string {
  const { many, choices, path, describe } = declared;
  const type = 'type' in declared ? declared.type : 'string';
  const one = { boolean: 'true or false', number: 'number', string: 'text' }[type];
  const bare = 'optional' in declared && declared.optional === true ? ['"" for no value'] : [];
  const facts = [
    many === true ? 'list of texts' : one,
    ...(required ? [type === 'boolean' ? 'must be true' : 'required'] : []),
    ...(choices === undefined ? [] : [choices.map((choice) => `"${choice}"`).join(' ')]),
    ...bare,
    ...(path === undefined ? [] : ['paths are absolute']),
  ];
  return `| \`${where}.${key}\` | ${facts.join(', ')} | ${describe.replaceAll('|', '\\|')} |`;
}
