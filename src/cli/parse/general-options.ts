import type { OptionDeclaration } from '../command.js';

/** Every command takes these. */
export const EVERYWHERE: Readonly<Record<string, OptionDeclaration>> = {
  json: { type: 'boolean', describe: 'Print one JSON document (schemas/ describes it)' },
  help: { type: 'boolean', short: 'h', describe: 'Show this help' },
};
