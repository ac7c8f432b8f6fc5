import type { Operation } from '../operation.js';
import type { Step, StepEvent } from './step.js';

/** Reports a step when it begins, when its undo begins, and when the undo fails. */
export function tellStep({ event, step }: StepEvent, onProgress: Operation['onProgress']): void {
  const what = wordsOf(step);
  if (event === 'doing') onProgress?.(what);
  if (event === 'undoing') onProgress?.(`undo: ${what}`);
  if (event === 'not-undone') onProgress?.(`NOT undone: ${what}`);
}

function wordsOf(step: Step): string {
  switch (step.do) {
    case 'add':
      return `plug ${step.label} into ${place(step)}`;
    case 'remove':
      return `unplug ${step.label}`;
    case 'write':
      return `write ${step.label}`;
    default:
      return step.label;
  }
}

function place(step: Extract<Step, { do: 'add' }>): string {
  const { bus, port } = step.device.properties;
  return `${bus ?? 'the machine'}${port === undefined ? '' : ` port ${port}`}`;
}
