import { describe, expect, test } from 'vitest';
import { everyElement, parseStrictXml } from './strict-xml.js';

describe('the checker of documents', () => {
  test('reads elements, attributes, text and entities', () => {
    const root = parseStrictXml('<a b="1 &lt; 2"><c/>x &amp; &#39;y&#39;<d>z</d></a>\n');
    expect(root).toMatchObject({ name: 'a', attributes: { b: '1 < 2' }, text: "x & 'y'z" });
    expect(everyElement(root).map(({ name }) => name)).toEqual(['a', 'c', 'd']);
  });

  test.each([
    ['<a>'],
    ['<a></b>'],
    ['<a/><b/>'],
    ['<a b=1/>'],
    ['<a b="<"/>'],
    ['<a b="1" b="2"/>'],
    ['<a>&nbsp;</a>'],
    ['<a>x & y</a>'],
    ['<a>]]></a>'],
    ['<a>\u0000</a>'],
    ['<a>\u001b</a>'],
    ['<a>\ufffe</a>'],
    ['<a>\ud800</a>'],
    ['<!-- --><a/>'],
    ['<a><![CDATA[x]]></a>'],
    ['<!DOCTYPE a><a/>'],
    ['text'],
  ])('refuses %j', (text) => {
    expect(() => parseStrictXml(text)).toThrow();
  });
});
