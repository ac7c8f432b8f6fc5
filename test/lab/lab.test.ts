import { labSuite } from './lab-suite.js';
import failures from './suites/failures.js';
import selftest from './suites/selftest.js';

labSuite(selftest);
labSuite(failures);
