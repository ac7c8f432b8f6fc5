import { labSuite } from './lab-suite.js';
import failures from './suites/failures.js';
import readme from './suites/readme.js';
import layouts from './suites/layouts.js';
import selftest from './suites/selftest.js';
import wholeWay from './suites/whole-way.js';

labSuite(selftest);
labSuite(wholeWay);
labSuite(failures);
labSuite(layouts);
labSuite(readme);
