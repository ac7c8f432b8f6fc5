/**
 * How each line of "What you do with it" in the README has to end, in that order: exit code, and what it prints. On a host with the
 * devices that the README names: `1-2.3` is behind a hub, `08e6:4433` is a card reader, `0781:5567` a stick.
 */
export const USAGE: readonly (readonly [command: string, code: number, says: RegExp])[] = [
  ['qplug devices', 0, /^1-2\.3 +0627:0001 +12M +usbhid .*^\S+ +0781:5567 +5G +usb-storage +4C530001 /ms],
  [
    'qplug plan bench.yaml',
    0,
    /^xhci .*^├─ 1 +12M +0627:0001 .*^├─ \d +5G +0781:5567 .*^├─ \d +480M +usb-tablet$.*^legacy .* 12M +08e6:4433 /ms,
  ],
  ['qplug plan bench.yaml --explain', 0, /^bench {2}as planned$.*usb-tablet/ms],
  ['qplug plan bench.yaml --count', 0, /^bench .*^ {2}480M {2,}\d+ .*^ {2}5G {2,}\d+ /ms],
  ['qplug argv bench.yaml', 0, /^\S*qemu-system-x86_64 \\$.*"id":"xhci".*"id":"legacy1".*-nic none$/ms],
  [
    'qplug run bench.yaml --detach',
    0,
    /^bench runs: .*^ {2}xhci\.0 port 1 {2}12M {2}0627:0001 .*^ {2}xhci\.0 port \d {2}5G {2}0781:5567 .*^ {2}legacy\.0 port 1 {2}12M {2}08e6:4433 /ms,
  ],
  ['qplug status bench', 0, /^bench {2}running {2}QEMU .*Cruzer Blade/s],
  ['qplug detach bench 0781:5567', 0, /^0781:5567 .* detached; the host has it back \(usb-storage\)$/m],
  ['qplug attach bench 0781:5567', 0, /^0781:5567 .* attached: xhci\.0 port \d+, 5G/],
  ['qplug wait bench 0781:5567', 0, /^0781:5567 is attached$/m],
  ['qplug claims', 0, /^0781:5567 .* bench +attached .*^08e6:4433 .* bench +attached /ms],
  ['qplug release 0781:5567', 0, /unplug it from bench, .*: qplug release 0781:5567 --yes$/ms],
  ['qplug assign bench 0781:5567', 0, /^assigned 0781:5567 to bench, number 1\n {2}0781:5567 ".*" at \S+$/m],
  ['qplug assignments', 0, /^bench +1 +0781:5567 +- /m],
  ['qplug unassign bench 0781:5567', 0, /^0781:5567 is no longer assigned to bench/],
  ['qplug rebalance bench', 0, /^no single move would give a device of bench a better port$/m],
  ['qplug list', 0, /^bench +\d+ +\S+ \S+ +\S*bench\.yaml /m],
  ['qplug vms', 0, /^bench +\d+ +bench +\S+ +qplug +qmp \S+/m],
  ['qplug suspend bench', 0, /^bench is paused\n(?: {2}the host has .*\n){3}/],
  ['qplug resume bench', 0, /^bench runs\n(?: {2}.* is back on .*\n){3}/],
  ['qplug snapshot save bench clean', 0, /^bench is saved as clean: .* in drive0\n(?: {2}.* is on .*\n){3}/],
  ['qplug snapshot restore bench clean', 0, /^bench is restored from clean; its guest runs\n(?: {2}.* is on .*\n){3}/],
  ['qplug migrate bench tcp:10.0.0.7:4444', 5, /^error: bench has devices of this host, .*--with-detached$/ms],
  // there is no guest that could power off; the next line is what then helps
  ['qplug shutdown bench --timeout 5', 7, /^error: the guest of bench did not power off .*fix {2}qplug kill bench$/ms],
  ['qplug kill bench', 0, /^bench ended: QEMU quit$/m],
];
