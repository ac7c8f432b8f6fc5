/** The lab from outside: what scripts use. Tests use lab-suite.ts. */
export { standardHost } from '../hosts.js';
export { bundleLabCommand } from './bundle.js';
export { newLogFolder } from './logs.js';
export { type BootOptions, boot, type Ending, type Machine } from './machine.js';
export { labShell } from './shell.js';
