/** Statements that a connection keeps. The claims use about ten. */
const MOST = 32;

/**
 * The prepared statements of one connection, by their SQL. Of too many, the one that was used longest ago goes.
 *
 * To prepare a statement for each query costs more time than the query, and with libsql memory that only the collector gives back.
 */
export class PreparedStatements<T> {
  readonly #prepare: (sql: string) => T;
  readonly #kept = new Map<string, T>();

  constructor(prepare: (sql: string) => T) {
    this.#prepare = prepare;
  }

  get(sql: string): T {
    const statement = this.#kept.get(sql) ?? this.#prepare(sql);
    // a Map is in order of insertion
    this.#kept.delete(sql);
    this.#kept.set(sql, statement);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST) break;
      this.#kept.delete(oldest);
    }
    return statement;
  }

  clear(): void {
    this.#kept.clear();
  }
}
