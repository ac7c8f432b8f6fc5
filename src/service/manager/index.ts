/** What qplug tells the service manager that started it. Input: the address of its socket, and what is to be watched; output: notifications. */

export { notifyManager } from './notify-manager.js';
export { Watchdog } from './watchdog.js';
