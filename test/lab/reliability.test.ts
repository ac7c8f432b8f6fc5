/** Who owns a device: devices that the host needs, changed files and VMs, and any process killed midway. */
import { labSuites } from './lab-suite.js';
import config from './suites/config.js';
import crash from './suites/crash.js';
import guards from './suites/guards.js';
import life from './suites/life.js';
import races from './suites/races.js';

labSuites(life, config, guards, races, crash);
