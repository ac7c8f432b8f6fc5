/**
 * The agent's sockets. Input: lines of JSON from clients, any of which may be hostile or stuck, of the same user, or of a group that may only
 * look; output: answers and events, a line each.
 */

export { askAgent, type CommandAnswer, runInAgent } from './agent-client.js';
export type { AgentCommands, CommandRequest, CommandResult, ReadyCommand, WrongCommand } from './agent-commands.js';
export { AgentServer, agentSocket } from './agent-server.js';
export type { AgentDesk } from './answer-request.js';
export { parseRequest } from './request.js';
