/** What the agent does. Input: pieces of work, each with the VM that it is for; output: how they ended. Each is one transaction of the engine. */

export { HoldMark } from './hold-mark.js';
export { Workers } from './workers.js';
