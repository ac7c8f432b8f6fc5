import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oneLine } from '../../../../src/diag/index.js';
import { layOut } from '../../../../src/view/picture/layout.js';
import { spellSvg } from '../../../../src/view/picture/svg.js';
import { escapeXml } from '../../../../src/view/picture/xml.js';
import { UNSAFE } from '../../diag/unsafe.js';
import { runs } from '../../runs.js';
import { hostileText } from '../topologies.js';
import { anyScene } from './scenes.js';
import { everyElement, parseStrictXml } from './strict-xml.js';

/** All that pictures are made of: nothing that runs, nothing that is fetched. */
const ELEMENTS = 'svg title desc style defs pattern path rect text circle g'.split(' ');

describe('the SVG of any picture', () => {
  test('is XML, in which nothing runs and nothing comes from outside', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const text = spellSvg(layOut(scene));
        const elements = everyElement(parseStrictXml(text));
        expect(elements.filter(({ name }) => !ELEMENTS.includes(name))).toEqual([]);
        const attributes = elements.flatMap((one) => Object.entries(one.attributes));
        expect(attributes.filter(([name]) => /^on|href/i.test(name))).toEqual([]);
        const links = attributes.filter(([, value]) => /url\(|:\/\//.test(value));
        expect(links.filter(([, value]) => !/^url\(#q-(fast|absent)\)$/.test(value))).toEqual([
          ['xmlns', 'http://www.w3.org/2000/svg'],
        ]);
        expect(text.replaceAll('\n', '')).not.toMatch(UNSAFE);
      }),
      { numRuns: runs(300) },
    );
  });

  test('has every text as it is, so that it can be found and copied', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const picture = layOut(scene);
        const root = parseStrictXml(spellSvg(picture));
        const texts = everyElement(root)
          .filter(({ name }) => name === 'text')
          .map(({ text }) => text);
        const wanted = picture.items.flatMap((item) => {
          if (item.item === 'box') return item.lines.map(({ text }) => text);
          return [item.item === 'words' ? item.text : item.label];
        });
        // what XML has no place for is replaced
        const allowed = (text: string): string => text.replace(/[\ufffe\uffff]/g, '\ufffd');
        expect(texts.sort()).toEqual(
          wanted
            .filter((text) => text !== '')
            .map(allowed)
            .sort(),
        );
        expect(root.children.slice(0, 2).map(({ name }) => name)).toEqual(['title', 'desc']);
        expect(root.children[1]?.text).toBe(allowed(picture.description));
      }),
      { numRuns: runs(100) },
    );
  });
});

describe('escaping', () => {
  test.each([
    ['<b>&"\'', '&lt;b&gt;&amp;&quot;&#39;'],
    [']]>', ']]&gt;'],
    ['a\u0000b\u001b\ufffe\uffff\ud800c', 'a\ufffdb\ufffd\ufffd\ufffd\ufffdc'],
    ['日本🙂', '日本🙂'],
  ])('%j becomes %j', (text, escaped) => {
    expect(escapeXml(text)).toBe(escaped);
  });

  test('any text can be read back as a terminal would show it, but for what XML has no place for', () => {
    const shown = (one: string): string => oneLine(one.replace(/\p{Cc}|[\ufffe\uffff]|\p{Cs}/u, '\ufffd'));
    fc.assert(
      fc.property(hostileText, (text) => {
        const { attributes, text: back } = parseStrictXml(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
        expect(back).toBe(attributes['b']);
        expect(back).toBe([...text].map(shown).join(''));
      }),
    );
  });
});
