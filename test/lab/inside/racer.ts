/** The program `racer.mjs` of the lab: several of these processes attach one device at the same moment. */
export { race as main } from '../../racer.js';
