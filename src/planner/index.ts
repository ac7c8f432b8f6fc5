/**
 * Decides which port of a QEMU VM each USB device belongs on, and says why. The planner is pure computation that runs anywhere, and it
 * exports all that is needed to describe a VM and its devices. Objectives, method and limits: docs/planner.md.
 */

/** Findings in words. */
export { describe, type Finding, type Severity, type SourceLocation, type Text } from '../diag/index.js';
/** The VM and its devices as data. */
export {
  type AltSettingShape,
  type AttachedDevice,
  type ConfigurationShape,
  type Controller,
  type ControllerModel,
  type ControllerSpec,
  type DeviceShape,
  type EndpointShape,
  emptyTopology,
  emulatedMask,
  FULL,
  freePorts,
  HIGH,
  type HostFilter,
  type HostSpeeds,
  type HotplugSlot,
  HUB_MASK,
  type HubSpec,
  hostDeviceSpeeds,
  type Ich9Place,
  type InterfaceShape,
  ich9Group,
  LOW,
  maskOf,
  megabits,
  type NewDevice,
  type NoHostSpeeds,
  negotiate,
  type PortView,
  parseQemuVersion,
  portsOf,
  type QemuVersion,
  type RootPort,
  SPEEDS,
  type Speed,
  type SpeedMask,
  SUPER,
  speedOfMegabits,
  speedsIn,
  type Topology,
  withController,
  withDevice,
  withHub,
} from '../qdev/index.js';
export { withFix } from './fixes/index.js';
export type * from './plan.js';
export { DEFAULT_RESERVE, plan } from './planner.js';
export {
  bestMove,
  type Explanation,
  explain,
  type Movable,
  type Move,
  type MoveRequest,
  OBJECTIVES,
  type Objective,
  type OtherChange,
  type PortAtSpeed,
  type Room,
  roomFor,
  type VerdictRun,
  type WhatIf,
  type Why,
} from './questions/index.js';
export { type PlanFindingOptions, planFindings } from './report/index.js';
export type * from './request.js';
