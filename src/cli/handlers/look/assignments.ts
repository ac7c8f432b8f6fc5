import { openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import type { Assignment, AssignmentRecord, Dismissal } from '../../../registry/index.js';
import { assignmentsDocument } from '../../../view/documents/index.js';
import { type AssignmentsReport, assignmentsOf } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { readShares, shareSentence, type ToldShare } from '../../render/agent-shares.js';
import { lines } from '../../render/lines.js';
import { localTime } from '../../render/local-time.js';
import { table } from '../../render/table.js';
import { whichVm } from '../../render/which-vm.js';
import type { Terminal } from '../../terminal.js';
import { askRunningAgent } from '../shared/ask-running-agent.js';

export const run: CommandHandler = async (args, terminal) => {
  const host = openHost(terminal);
  using _store = host.claims;
  const report = await assignmentsOf(args.text('vm'), host);
  const shares = await toldShares(report, terminal);
  return {
    schema: 'assignments',
    document: () => assignmentsDocument(report, shares),
    text: () => textOf(report, shares, args.text('vm'), terminal),
    findings: report.findings,
  };
};

/** @returns the shares in these records, each as this user's agent sees it */
async function toldShares({ records }: AssignmentsReport, terminal: Terminal): Promise<ToldShare[]> {
  const kept = records.flatMap(({ vm, share }) => (share === undefined ? [] : [{ vm, listen: share.listen }]));
  if (kept.length === 0) return [];
  const answer = await askRunningAgent(terminal, { do: 'accounts' });
  const told = answer && readShares(answer['shares']);
  return kept.map(({ vm, listen }): ToldShare => {
    if (told === undefined) return { vm, listen, state: undefined, reason: undefined };
    const its = told.find((one) => one.vm === vm && one.listen === listen);
    // the agent has not looked since it was made
    return its ?? { vm, listen, state: 'starting', reason: undefined };
  });
}

function textOf(
  { records, dismissals }: AssignmentsReport,
  shares: readonly ToldShare[],
  vm: string | undefined,
  terminal: Terminal,
): string {
  const rows = records.flatMap((record) => record.assignments.map((one) => cellsOf(record, one)));
  const adopted = records.flatMap(({ vm: name, socket }) =>
    socket === undefined ? [] : [`${printable(name)} is ${whichVm(socket)}`],
  );
  const options = { paint: terminal.outColors.bold, columns: terminal.columns };
  const first =
    rows.length === 0
      ? `nothing is assigned to ${vm === undefined ? 'any VM' : printable(vm)}`
      : table([['VM', 'NUMBER', 'DEVICE', 'OPTIONS', 'MADE'], ...rows], options);
  const more = [...adopted, ...shares.map(shareSentence), ...dismissals.map(sentence)];
  return more.length === 0 ? first : `${first}\n${lines(more)}`;
}

function cellsOf({ vm }: AssignmentRecord, assignment: Assignment): string[] {
  const { id, select, made } = assignment;
  return [printable(vm), String(id), printable(select, 160), optionsText(assignment), localTime(made)];
}

/** As they are typed. */
function optionsText({ controller, port, slower, also = [], hold, ask }: Assignment): string {
  const words = [
    ...(controller === undefined ? [] : [`--controller ${printable(controller)}`]),
    ...(port === undefined ? [] : [`--port ${printable(port)}`]),
    ...(slower === undefined ? [] : [`--slower ${slower}`]),
    ...also.map((one) => `--also ${one}`),
    ...(hold === undefined ? [] : [`--hold ${hold}`]),
    ...(ask === true ? ['--ask'] : []),
  ];
  return words.length === 0 ? '-' : words.join(' ');
}

function sentence({ owner, label, since }: Dismissal): string {
  return `${printable(label, 200)} was detached from ${printable(owner.vm)} by hand, ${localTime(since)}`;
}
