/** Commands for the life of a VM: start, suspend, resume, end, and the recovery of what a killed qplug left. */

export { type EndReport, killVm, shutdownVm } from './end-vm.js';
export { stayWith } from './foreground.js';
export { mend, mendWhenEnded } from './mend.js';
export { type ResumedDevice, type ResumeReport, type ResumeRequest, resume } from './resume.js';
export { type RunningVm, type RunRequest, runVm } from './run.js';
export { type SuspendReport, suspend } from './suspend.js';
