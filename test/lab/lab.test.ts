import { labSuite } from './lab-suite.js';
import adopt from './suites/adopt.js';
import failures from './suites/failures.js';
import layouts from './suites/layouts.js';
import readme from './suites/readme.js';
import selftest from './suites/selftest.js';
import wholeWay from './suites/whole-way.js';

labSuite(selftest);
labSuite(wholeWay);
labSuite(failures);
labSuite(layouts);
labSuite(adopt);
labSuite(readme);
