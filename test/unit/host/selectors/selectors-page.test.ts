import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isSelector, parseSelector } from '../../../../src/host/index.js';

const page = readFileSync(new URL('../../../../docs/selectors.md', import.meta.url), 'utf8');
const written = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] as string);

describe('the page on selectors', () => {
  it('shows every form, each of which is read as the form that it shows', () => {
    const forms = written
      .map((text) => parseSelector(text))
      .map((parsed) => (isSelector(parsed) ? parsed.by : parsed.code));
    expect(forms).toEqual(['id', 'id', 'port', 'location', 'location', 'address', 'serial', 'class', 'words', 'words']);
  });
});
