/** Whose a device is: what the host keeps for itself, files and VMs that change, whatever is killed on the way. */
import { labSuites } from './lab-suite.js';
import config from './suites/config.js';
import crash from './suites/crash.js';
import guards from './suites/guards.js';
import life from './suites/life.js';
import races from './suites/races.js';

labSuites(life, config, guards, races, crash);
