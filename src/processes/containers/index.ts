/**
 * Containers of docker, podman and nerdctl: what a user calls one comes in; its first process, as the engine says and the kernel confirms,
 * goes out, and which QEMUs are in it. Engines are asked by their own programs.
 */

export { type Container, type OwnNamespaces, processesIn } from './container.js';
export type { Engine } from './container-word.js';
export { findContainer } from './find-container.js';
