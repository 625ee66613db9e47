// YAML in which something has gone wrong, as a seed decides: signs that came in, characters that fell out, lines that moved.
import type { Random } from './random.ts'

const WHOLE = [
  'title: Testing annotations\nauthors:\n- The OPA contributors\n- name: x\n  email: y@z\ncustom:\n  a: &x 1\n  b: [1, 2]\n  c: {d: e, f: g}\nscope: rule\nz: *x\n',
  'description: |\n  some text\n  more\nrelated: >-\n  https://a.b/c\n\n   x\n  y\norganizations:\n- A B\n- "C: \\u0041\\tD"\ncustom:\n  deep:\n    er: &q\n      x: 0x1F\n      z: 1e3\n  <<: *q\n',
  "--- # c\nscope: document\norganizations:\n- input: schema.foo\nentrypoint: true\nlabels:\n  k: ~\n  l: 'm n'\ncustom:\n  list:\n  - a\n  - - b\n    - c\n  - ? d\n    : e\n    f: 012\n...\n---\nb: 1\n",
  'a: "x\n  y\\\n   z"\nb: plain\n  text\n\n  more\nc: !!str 12\nd: !foo bar\ne: |2+\n   x\n\n\nf: [a: b, c, ? d, "e":f]\ng: {a, b: , ? c : d}\nh: -1.5\ni: .inf\n',
]
const SIGNS = [
  ...[
    ': ',
    ':',
    '- ',
    '*',
    '&a ',
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    ', ',
    '\n',
    '  ',
    '# ',
    '#',
    '| ',
    '> ',
    '? ',
    '! ',
    '!!int ',
    '%',
    '@',
    '`',
    'x',
  ],
  ...[
    '\t',
    '- - ',
    'a: b: c',
    '\n...\n',
    '\n---\n',
    '%YAML 1.1\n---\n',
    '\\',
    '\\x41',
    '|+\n',
    '>-\n ',
    '\r\n',
    '\u2028',
    'é',
    '😀',
    '<<: ',
    '0o17',
    '1_000',
  ],
]

export function damagedYaml(random: Random): string {
  let text = random.of(WHOLE)
  for (let times = random.below(4); times >= 0; times--) {
    const at = random.below(text.length)
    const lines = text.split('\n')
    const line = random.below(lines.length)
    const kind = random.below(4)
    if (kind === 0) text = text.slice(0, at) + random.of(SIGNS) + text.slice(at)
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1 + random.below(3))
    else text = lines.with(line, kind === 2 ? `  ${lines[line]}` : lines[line]!.trimStart()).join('\n')
  }
  return text.toWellFormed() // a sign may be cut in two
}
