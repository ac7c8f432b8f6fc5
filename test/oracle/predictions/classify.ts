/** QEMU's words for each class of refusal. Several releases word some of them differently; all forms are here. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/usb port .* \(bus .*\) not found \(in use\?\)/, 'no-such-port'],
  [/speed mismatch trying to attach/, 'speed-mismatch'],
  [/usb hub chain too deep/, 'hub-too-deep'],
  [/num_ports \(\d+\) out of range/, 'hub-size'],
  [/failed to find host usb device/, 'no-such-host-device'],
  [/failed to open host usb device/, 'cannot-open'],
  [/Duplicate (device )?ID /, 'id-in-use'],
  [/expects a? ?pluggable device type/, 'not-hot-pluggable'],
  [/USB bus '.*' not found/, 'no-such-masterbus'],
  [/it doesn't support companion controllers/, 'masterbus-takes-none'],
  [/firstport must be between/, 'firstport-too-high'],
  [/has a companion assigned already/, 'port-has-companion'],
  [/num-ports=\d+ is too big/, 'too-many-ports'],
  [/Property '.*' not found/, 'no-such-property'],
  [/is not a valid device model name/, 'no-such-driver'],
  [/single function/, 'single-function'],
  [/not available for .*, in use by/, 'address-in-use'],
  [/does not support hotplugging/, 'bus-not-hot-pluggable'],
  [/no slot\/function available/, 'no-slot'],
  [/Bus '.*' not found/, 'no-such-bus'],
];

/** Classes that a prediction can't distinguish count as one when a controller is plugged into a running machine. */
const NO_HOTPLUG_SLOT = ['bus-not-hot-pluggable', 'no-slot', 'no-such-bus', 'address-in-use'];

/** @returns the class of a refusal; words that no pattern matches are returned as they are */
export function classOf(words: string, of: 'device' | 'controller' | 'start'): string {
  const found = WORDS.find(([pattern]) => pattern.test(words))?.[1];
  if (found === undefined) return `unknown: ${words}`;
  return of === 'controller' && NO_HOTPLUG_SLOT.includes(found) ? 'no-hotplug-slot' : found;
}
