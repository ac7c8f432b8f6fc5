/** Devices on their ports, from a single attach to a guest that reads them. */
import { labSuites } from './lab-suite.js';
import layouts from './suites/layouts.js';
import selftest from './suites/selftest.js';
import wholeWay from './suites/whole-way.js';

labSuites(selftest, wholeWay, layouts);
