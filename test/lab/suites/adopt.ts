import { standardHost } from '../hosts.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { agentOnRealUsb } from './adopt/agent-on-real-usb.js';
import { bareControllers } from './adopt/bare-controllers.js';
import { firstAttach } from './adopt/first-attach.js';
import { hostileNames } from './adopt/hostile-names.js';
import { inNamespaces } from './adopt/in-namespaces.js';
import { keptByAgent } from './adopt/kept-by-agent.js';
import { moves } from './adopt/moves.js';
import { otherPeoplesDevices } from './adopt/other-peoples-devices.js';
import { places } from './adopt/places.js';
import { replugged } from './adopt/replugged.js';

/**
 * VMs that another program started, with the devices that they have. Most checks run the command line in the process of the checks;
 * the first one, and those that wait for a device, run qplug as a process.
 */
const suite: Suite = defineSuite({ title: 'adopt', source: import.meta.url, machine: standardHost }, (check) => {
  firstAttach(check);
  bareControllers(check);
  otherPeoplesDevices(check);
  replugged(check);
  hostileNames(check);
  places(check);
  moves(check);
  keptByAgent(check);
  agentOnRealUsb(check);
  inNamespaces(check);
});

export default suite;
