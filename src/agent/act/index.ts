/** What the agent does. Input: one piece of work and the VM that it is for; output: how it ended. Each is one transaction of the engine. */

export { type Performed, perform, type WorkPlace } from './act.js';
export { HoldMark } from './hold-mark.js';
