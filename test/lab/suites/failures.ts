import { standardHost } from '../hosts.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { attaching } from './failures/attaching.js';
import { interrupted } from './failures/interrupted.js';
import { notYours } from './failures/not-yours.js';
import { pulled } from './failures/pulled.js';
import { running } from './failures/running.js';

/** Failures with real devices: checks the exit code, the message, and that nothing is left half done. */
const suite: Suite = defineSuite({ title: 'failures', source: import.meta.url, machine: standardHost }, (check) => {
  attaching(check);
  pulled(check);
  notYours(check);
  interrupted(check);
  running(check);
});

export default suite;
