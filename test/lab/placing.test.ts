/** Devices on their ports, from a single attach to a guest that reads them; failures; the examples of the README. */
import { labSuites } from './lab-suite.js';
import adopt from './suites/adopt.js';
import failures from './suites/failures.js';
import hostFiles from './suites/host-files.js';
import layouts from './suites/layouts.js';
import readme from './suites/readme.js';
import selftest from './suites/selftest.js';
import wholeWay from './suites/whole-way.js';

labSuites(selftest, wholeWay, layouts, failures, adopt, hostFiles, readme);
