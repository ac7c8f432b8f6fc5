import { replaced, type TextLine } from '../text-line.js';
import { isKnown } from './known-line.js';

/** A fence of Markdown, and the tags that forums and trackers put around code. */
const FENCE = /^\s*(?:`{3,}|~{3,})[\w-]*\s*$/;
const TAGS =
  /^\s*(?:\[code[^\]]{0,40}\]|<pre>|<code>|\{code[^}]{0,40}\}|\{noformat\})+|(?:\[\/code\]|<\/pre>|<\/code>|\{code\}|\{noformat\})+\s*$/gi;

/** Programs that people run to get such a text, at the beginning of a line or after a prompt. */
const TYPED = /(?:^|[$#%>])\s*\(?(?:sudo\s+)?(?:lsusb|usb-devices|umockdev-record|qplug|cat|ssh|wsl|adb)(?:\s|$)/;

/** The prompt of a shell that waits for the next line. */
const PROMPT = /^\s*[\w.@:~/\\[\]() -]{0,80}[$#]\s*$/;

/** Longest line that a person types, in characters. */
const LONGEST_TYPED = 200;

/** @returns a line without the tags that forums put around code */
export function withoutTags(line: TextLine): TextLine {
  return replaced(line, TAGS, () => '');
}

/** @returns a line without tags; empty if it is a fence, a prompt or a command that somebody typed */
export function withoutWrappings(line: TextLine): TextLine {
  const bare = withoutTags(line);
  return FENCE.test(bare.text) || wasTyped(bare.text) ? { ...bare, text: '' } : bare;
}

function wasTyped(text: string): boolean {
  if (text.length > LONGEST_TYPED || isKnown(text)) return false;
  return PROMPT.test(text) || TYPED.test(text);
}
