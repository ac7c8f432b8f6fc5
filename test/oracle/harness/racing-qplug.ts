import { race } from '../../racer.js';
import { recordedHost } from './recorded-host.js';

/* `racing-qplug.mjs FOLDER INDEX ROUNDS RECORDING WORD…`: a racer on a recorded host. */
const [folder = '', index = '', rounds = '', recording = '', ...words] = process.argv.slice(2);
await race([folder, index, rounds, ...words], { sysfs: recordedHost(recording) });
