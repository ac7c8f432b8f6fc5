import type { TextLine } from '../text-line.js';
import type { Labelled } from './line-grammar.js';
import type { ListedSpeed, PacketSize } from './listing-grammar.js';

/** An E line. */
export interface ListedEndpoint {
  readonly line: TextLine;
  readonly address: Labelled;
  readonly attributes: Labelled;
  readonly packets: PacketSize;
}

/** An I line and what belongs to it. */
export interface ListedSetting {
  readonly line: TextLine;
  readonly number: number;
  readonly setting: number;
  readonly told: number;
  readonly class: number;
  readonly subclass: number;
  readonly protocol: number;
  readonly driver: string | undefined;
  readonly active: boolean;
  readonly endpoints: ListedEndpoint[];
}

/** A C line and what belongs to it. */
export interface ListedConfiguration {
  readonly line: TextLine;
  readonly value: number;
  readonly told: number;
  readonly active: boolean;
  readonly settings: ListedSetting[];
}

/** A T line and what belongs to it: a device as a listing shows it. */
export interface ListedDevice {
  readonly line: TextLine;
  readonly bus: number;
  readonly level: number;
  readonly parent: number;
  readonly port: number;
  readonly address: number;
  readonly megabits: ListedSpeed['megabits'];
  readonly speedIs?: ListedSpeed['speedIs'];
  readonly children: number;
  class: number;
  vendorId: number;
  productId: number;
  /** Undefined until the D line is read. */
  toldConfigurations: number | undefined;
  readonly strings: Map<string, string>;
  readonly configurations: ListedConfiguration[];
  chain: readonly number[] | undefined;
  /** Something about it is missing or could not be read. */
  partial: boolean;
}
