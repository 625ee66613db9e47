import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RegoRejected } from '../errors.ts'
import type { AnnotationScope, Annotations, Module } from '../syntax/ast.ts'
import { parseModule } from '../syntax/module.ts'
import { fromHost } from '../values/host.ts'
import type { RegoObject } from '../values/value.ts'
import { compileModules } from './compile.ts'
import { bodyText } from './text.ts'

/** A block whose last row is `row`. */
const block = (row: number, scope: AnnotationScope, more: Partial<Annotations> = {}): Annotations => ({
  kind: 'annotations',
  scope,
  at: { file: 'a.rego', row, col: 1, start: 0, end: 0 },
  endRow: row,
  ...more,
})

function annotated(text: string, annotations: readonly Annotations[]): Module {
  return { ...parseModule('a.rego', text), annotations }
}

const TEXT = `#

package a.b
#
#
p := rego.metadata.chain() if rego.metadata.rule().title
#
q := rego.metadata.rule()
r := 1
`

const bodies = (module: Module) => compileModules([module]).modules[0]!.rules.map((rule) => bodyText(rule.body))

describe('metadata', () => {
  it('is told from the block next to the rule outwards', () => {
    const [p = ''] = bodies(
      annotated(TEXT, [
        block(1, 'package', { title: 'the package', authors: [{ name: 'A' }] }),
        block(2, 'subpackages', { description: 'and below' }),
        block(4, 'rule', { title: 'first', custom: fromHost({ b: [1, null], a: { c: true } }) as RegoObject }),
        block(5, 'document', { organizations: ['O'] }),
      ]),
    )
    const custom = '"custom": {"a": {"c": true}, "b": [1, null]}'
    const links = [
      `{"annotations": {${custom}, "scope": "rule", "title": "first"}, "path": ["a", "b", "p"]}`,
      '{"annotations": {"organizations": ["O"], "scope": "document"}, "path": ["a", "b", "p"]}',
      '{"annotations": {"authors": [{"name": "A"}], "scope": "package", "title": "the package"}, "path": ["a", "b"]}',
      '{"annotations": {"description": "and below", "scope": "subpackages"}, "path": ["a", "b"]}',
    ]
    assert.ok(p.includes(`= [${links.join(', ')}]`), p)
    assert.ok(p.includes(`= {${custom}, "scope": "rule", "title": "first"}`), p)
  })

  it('is empty where nothing is said, and the path is told all the same', () => {
    const [p = '', q = ''] = bodies(annotated(TEXT, []))
    assert.ok(p.includes('= [{"path": ["a", "b", "p"]}]'), p)
    assert.ok(q.includes('= {}'), q)
  })

  it('may be told once of a package and of a document', () => {
    const twice =
      (...blocks: Annotations[]) =>
      () =>
        bodies(annotated(TEXT, blocks))
    const redeclared = (scope: string, row: number) => (error: unknown) =>
      error instanceof RegoRejected && error.diagnostics[0]?.message === `${scope} annotation redeclared: a.rego:${row}`
    assert.throws(twice(block(1, 'package'), block(2, 'package')), redeclared('package', 1))
    assert.throws(twice(block(4, 'document'), block(5, 'document')), redeclared('document', 4))
    assert.doesNotThrow(twice(block(4, 'rule'), block(5, 'rule')))
  })
})
