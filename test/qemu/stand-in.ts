import type { ProxyRules } from './qmp-proxy.js';

const HOST_PROPERTIES = ['hostbus', 'hostaddr'];

/**
 * Rules for a proxy before a QEMU without host USB: a tablet stands in for a `usb-host`, and is shown as one. One at a time. What
 * libusb does is tested in the lab; this is for what qplug makes of it.
 */
export function standIn(): ProxyRules & { attached: boolean } {
  let given: Readonly<Record<string, unknown>> = {};
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
      if (execute === 'device_add' && args['driver'] === 'usb-host') {
        given = args;
        const { id, bus, port } = args;
        return { execute, arguments: { driver: 'usb-tablet', id, bus, port } };
      }
      const property = String(args['property']);
      return execute === 'qom-get' && HOST_PROPERTIES.includes(property) ? { return: given[property] } : 'pass';
    },
    reply: (
      { execute, arguments: args = {} }: { execute: string; arguments?: Readonly<Record<string, unknown>> },
      value: unknown,
    ) => {
      if (execute === 'qom-get' && args['property'] === 'attached') return rules.attached;
      const text = JSON.stringify(value) ?? 'null';
      return JSON.parse(execute === 'qom-list' ? text.replaceAll('<usb-tablet>', '<usb-host>') : text);
    },
  };
  return rules as ProxyRules & { attached: boolean };
}
