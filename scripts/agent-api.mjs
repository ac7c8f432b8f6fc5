/**
 * `node scripts/agent-api.mjs` writes docs/agent-api.md, schemas/agent-request.schema.json and schemas/agent-answer.schema.json from the
 * declarations of the commands. A unit test fails if one of them differs.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './folders.mjs';
import { loadPage } from './load-page.mjs';

const { agentApiPage, agentRequestSchema, agentAnswerSchema } = await loadPage('agent-api-page');
const schemas = { 'agent-request': agentRequestSchema(), 'agent-answer': agentAnswerSchema(root) };
for (const [name, schema] of Object.entries(schemas)) {
  const path = join(root, `schemas/${name}.schema.json`);
  writeFileSync(path, `${JSON.stringify(schema, undefined, 2)}\n`);
  execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', path], { cwd: root, stdio: 'inherit' });
}
writeFileSync(join(root, 'docs/agent-api.md'), agentApiPage());
