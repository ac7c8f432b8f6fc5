/** Whose a device is, whatever is killed on the way. */
import { labSuites } from './lab-suite.js';
import crash from './suites/crash.js';
import life from './suites/life.js';
import races from './suites/races.js';

labSuites(life, races, crash);
