/** The commands that the clients of a socket may run. The command line gives them to the agent, which knows none of them. */
export interface AgentCommands {
  /** What `do` may say beside the agent's own requests. */
  readonly verbs: readonly string[];
  /** @returns why a command that exists is not among them; undefined for any other text */
  reasonAgainst(verb: string): string | undefined;
  /** Checks a request completely; throws nothing. */
  understand(request: CommandRequest): ReadyCommand | WrongCommand;
}

/** A request as a client sent it: neither member is checked. */
export interface CommandRequest {
  /** One of `verbs`. */
  readonly verb: string;
  readonly words: unknown;
  readonly options: unknown;
}

/** What is wrong with a request, in words. */
export interface WrongCommand {
  readonly wrong: string;
}

/** A command that was understood. */
export interface ReadyCommand {
  /**
   * Runs it to its end. After an abort it undoes what it had begun, and only then ends.
   *
   * @param tell - receives a line for people as it goes
   */
  run(signal: AbortSignal, tell: (progress: string) => void): Promise<CommandResult>;
}

/** What a command came to, as on the command line with `--json`. */
export interface CommandResult {
  readonly exit: number;
  /** Data for JSON. */
  readonly document: unknown;
}
