/** What goes wrong, other people's VMs, and every line of the README. */
import { labSuites } from './lab-suite.js';
import adopt from './suites/adopt.js';
import failures from './suites/failures.js';
import hostFiles from './suites/host-files.js';
import readme from './suites/readme.js';

labSuites(failures, adopt, hostFiles, readme);
