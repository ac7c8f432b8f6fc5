/** Devices on their ports, from a single attach to a guest that reads them. Two files, so that two labs run side by side. */
import { labSuite } from './lab-suite.js';
import layouts from './suites/layouts.js';
import selftest from './suites/selftest.js';
import wholeWay from './suites/whole-way.js';

labSuite(selftest);
labSuite(wholeWay);
labSuite(layouts);
