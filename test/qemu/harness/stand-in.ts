import type { ProxyRules } from './qmp-proxy.js';

const HOST_PROPERTIES = ['hostbus', 'hostaddr'];

/**
 * Rules for a proxy before a QEMU without host USB: a tablet stands in for a `usb-host`, and is shown as one. What libusb does is
 * tested in the lab; this is for what qplug makes of it.
 *
 * @param cold - how many devices each bus had from the start
 * @param model - what stands in: one of the speed that is meant, which the test does not use otherwise
 */
export function standIn(
  cold: Readonly<Record<string, number>> = {},
  model = 'usb-tablet',
): ProxyRules & { attached: boolean } {
  /** What each was given, by the name of its link on its bus: QEMU counts all that were ever put there (hw/core/qdev.c). */
  const given = new Map<string, Readonly<Record<string, unknown>>>();
  const added = new Map<unknown, number>(Object.entries(cold));
  const rules = {
    /** Whether QEMU still has the device. */
    attached: true,
    command: ({
      execute,
      arguments: args = {},
    }: {
      execute: string;
      arguments?: Readonly<Record<string, unknown>>;
    }) => {
      if (execute === 'device_add') {
        const { driver, id, bus, port } = args;
        const count = added.get(bus) ?? 0;
        added.set(bus, count + 1);
        if (driver === 'usb-host') {
          given.set(`${bus}/child[${count}]`, args);
          return { execute, arguments: { driver: model, id, bus, port } };
        }
      }
      const property = String(args['property']);
      const link = String(args['path']).split('/').slice(-2).join('/');
      return execute === 'qom-get' && HOST_PROPERTIES.includes(property)
        ? { return: given.get(link)?.[property] ?? null }
        : 'pass';
    },
    reply: (
      { execute, arguments: args = {} }: { execute: string; arguments?: Readonly<Record<string, unknown>> },
      value: unknown,
    ) => {
      if (execute === 'qom-get' && args['property'] === 'attached') return rules.attached;
      const text = JSON.stringify(value) ?? 'null';
      return JSON.parse(execute === 'qom-list' ? text.replaceAll(`<${model}>`, '<usb-host>') : text);
    },
  };
  return rules as ProxyRules & { attached: boolean };
}
