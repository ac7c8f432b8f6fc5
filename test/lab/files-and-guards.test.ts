/** What the host keeps for itself, and VM files that change. */
import { labSuite } from './lab-suite.js';
import config from './suites/config.js';
import guards from './suites/guards.js';

labSuite(config);
labSuite(guards);
