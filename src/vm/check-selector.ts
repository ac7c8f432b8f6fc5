export { selectorFault as checkSelector } from '../host/index.js';
