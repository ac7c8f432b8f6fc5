import { fail } from '../../diag/index.js';

/** The container engines that qplug asks, by the names of their programs. */
export const ENGINES = ['docker', 'podman', 'nerdctl'] as const;
export type Engine = (typeof ENGINES)[number];

/** What a user calls a container: `NAME` or an id, or `ENGINE/NAME` where several engines have one of that name. */
export interface ContainerWord {
  readonly engine: Engine | undefined;
  readonly name: string;
}

/**
 * A name as the engines allow it, and so never an option (docker: RestrictedNameChars in daemon/names/names.go; podman: define.NameRegex in
 * libpod/define/config.go; nerdctl: pkg/identifiers). An id is one too.
 */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

/** @throws QplugError `container-name-wrong` */
export function parseContainerWord(word: string): ContainerWord {
  const slash = word.indexOf('/');
  const engine = slash === -1 ? undefined : ENGINES.find((one) => one === word.slice(0, slash));
  const name = word.slice(slash + 1);
  if ((slash !== -1 && engine === undefined) || !NAME.test(name)) throw fail('container-name-wrong', { word });
  return { engine, name };
}
