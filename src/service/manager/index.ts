/** What qplug tells the service manager that started it. Input: the address of its socket, and a loop to watch; output: notifications. */

export { notifyManager } from './notify-manager.js';
export { Watchdog } from './watchdog.js';
