/**
 * The agent's socket. Input: lines of JSON from clients of the same user, any of which may be hostile or stuck; output: answers and events, a line
 * each.
 */

export { askAgent } from './agent-client.js';
export { type AgentDesk, AgentServer, agentSocket } from './agent-server.js';
export { parseRequest } from './request.js';
