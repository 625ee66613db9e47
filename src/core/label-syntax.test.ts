import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dnsLabelProblem, labelKeyProblem, labelValueProblem, subdomainProblem } from './label-syntax.ts'

/** [check, taken, refused], after the cases of apimachinery's validation_test.go in kind, not in text. */
const CASES: readonly (readonly [(text: string) => string | undefined, readonly string[], readonly string[]])[] = [
  [
    labelKeyProblem,
    ['a', 'A_b-c.d', '1', 'app.kubernetes.io/name', 'a/b', 'x'.repeat(63), `${'a.'.repeat(126)}a/${'x'.repeat(63)}`],
    [
      '',
      '-a',
      'a-',
      '_',
      '.',
      'a b',
      'a/',
      '/a',
      'a/b/c',
      'A.io/name',
      'a..b/c',
      'ä',
      'x'.repeat(64),
      `${'a'.repeat(254)}/x`,
      'a\n',
      '__proto__',
    ],
  ],
  [labelValueProblem, ['', 'a', 'A.b_c-9', 'x'.repeat(63)], ['-', 'a/b', 'a b', ' ', 'x'.repeat(64), 'a\n', 'v'.repeat(1 << 20)]],
  [dnsLabelProblem, ['a', 'kube-system', '9', 'x'.repeat(63)], ['', 'A', 'a.b', '-a', 'a-', 'x'.repeat(64), 'a\n']],
  [subdomainProblem, ['a', 'a.b-c.9', 'x'.repeat(253)], ['', '.a', 'a.', 'a..b', 'A', '-a.b', 'a.-b', 'x'.repeat(254)]],
]

for (const [check, taken, refused] of CASES) {
  test(`${check.name} takes and refuses what Kubernetes does`, () => {
    for (const text of taken) assert.equal(check(text), undefined, text)
    for (const text of refused) assert.notEqual(check(text), undefined, text)
  })
}
