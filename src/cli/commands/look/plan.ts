import type { CommandDeclaration } from '../../command.js';
import { ANSWER_TIMEOUT } from '../../timeouts.js';
import {
  CONTROLLER,
  FORGET,
  GROW,
  GUARD_OFF,
  HOST,
  OFFLINE,
  PORT,
  SLOWER,
  SVG,
  timeoutOption,
} from '../shared/option-declarations.js';
import { SELECTORS, VM } from '../shared/word-declarations.js';

export const plan: CommandDeclaration = {
  name: 'plan',
  group: 'look',
  brief: 'where every device would go, and why',
  summary:
    'Show where every device would go and why; starts and changes nothing. With only a VM file: the VM as it would start. With selectors: where these devices would go in a running VM.',
  words: [
    {
      ...VM,
      what: 'a VM file',
      describe: "A VM file; or, with selectors or --count, a running VM's name, its file, or the path of a QMP socket",
      path: 'always',
      nameWith: ['selector', 'count'],
    },
    SELECTORS,
  ],
  options: {
    host: HOST,
    offline: OFFLINE,
    forget: FORGET,
    'guard-off': GUARD_OFF,
    controller: { ...CONTROLLER, describe: 'With selectors: the controller to use' },
    port: { ...PORT, describe: 'With selectors: the port to use' },
    slower: { ...SLOWER, describe: 'With selectors: as for attach' },
    grow: { ...GROW, describe: 'With selectors: as for attach' },
    explain: {
      type: 'string',
      optional: true,
      many: true,
      argument: 'DEVICE',
      describe:
        'Print for every device, or only for this one, what speaks for and against each port, what decided, and what would change it: an id, a selector, or words of its name (may be repeated)',
    },
    count: {
      type: 'string',
      optional: true,
      choices: ['low', 'full', 'high', 'super', '1.5', '12', '480', '5000'],
      describe:
        'Count how many more devices of each speed, or of this speed, would fit, and what qplug would add for them',
    },
    svg: SVG,
    timeout: timeoutOption(ANSWER_TIMEOUT),
  },
  examples: [
    ['qplug plan bench.yaml', 'before it is started'],
    ['qplug plan bench.yaml --host host.json', 'on another host, from its qplug devices --json'],
    ['qplug plan bench.yaml --explain', 'why each device goes where it goes, and what would change that'],
    ['qplug plan bench.yaml --explain=usb-tablet', 'the same for one of them'],
    ['qplug plan bench 0781:5567', 'where this device would go in the running VM'],
    ['qplug plan bench.yaml --count', 'how many more devices of each speed the file has room for'],
    ['qplug plan bench --count=480', 'how many more high-speed devices fit into the running VM'],
    ['qplug plan bench 0781:5567 --explain', 'and why, or why it has no port'],
    ['qplug plan bench.yaml --svg bench.svg', 'and a picture of it'],
  ],
  documents: ['plan', 'room'],
  load: () => import('../../handlers/look/plan.js'),
};
