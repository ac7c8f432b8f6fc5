/** What the host keeps for itself, and VM files that change. */
import { labSuites } from './lab-suite.js';
import config from './suites/config.js';
import guards from './suites/guards.js';

labSuites(config, guards);
