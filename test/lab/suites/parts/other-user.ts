import { chmodSync, chownSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lab } from '../../inside/lab.js';
import type { Finished } from '../../inside/process.js';

/** A user of the lab without rights of root, whose home is a folder of the check. */
export interface OtherUser {
  readonly uid: number;
  readonly home: string;
  /** Runs the qplug that was built, as that user. */
  qplug(...words: readonly string[]): Promise<Finished>;
}

/** What the database needs at run time: `libsql` with its parts. */
const DATABASE = ['libsql', '@libsql', '@neon-rs', 'detect-libc'];

/** Other users may be unable to read the project's folder, so copies the build to a folder that they can read. */
export function otherUser(lab: Lab, uid: number): OtherUser {
  const [node = '', main = ''] = lab.qplugArgv([]);
  const [dist, home] = [join(lab.folder, 'dist'), join(lab.folder, `user-${uid}`)];
  if (!existsSync(dist)) {
    cpSync(dirname(dirname(main)), dist, { recursive: true });
    for (const name of DATABASE) {
      cpSync(join(lab.root, 'node_modules', name), join(lab.folder, 'node_modules', name), { recursive: true });
    }
  }
  chmodSync(lab.folder, 0o755);
  mkdirSync(home, { mode: 0o700 });
  chownSync(home, uid, uid);
  const env = { XDG_RUNTIME_DIR: home, HOME: home, XDG_STATE_HOME: undefined };
  return {
    uid,
    home,
    qplug: (...words) => lab.exec([node, join(dist, 'cli/main.js'), ...words], { uid, env, cwd: home }),
  };
}
