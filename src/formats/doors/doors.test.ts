import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import type { z } from 'zod'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { prepareQuery } from '../../lang/rego/query.ts'
import { fromHost, toHost } from '../../lang/rego/values/host.ts'
import { decision, permits } from './decision.ts'
import { doorSchemas, type JsonSchema } from './json-schema.ts'
import { DOORS, type Door, REQUESTS, request } from './request.ts'

type Document = Record<string, unknown>

const FOLDER = `${import.meta.dirname}/../../../docs/examples/doors`
const examples = new Map(globSync(`${FOLDER}/*.json`).map((file) => [basename(file, '.json'), read(file)]))
const schemas = doorSchemas()

function read(file: string): Document {
  return JSON.parse(readFileSync(file, 'utf8'))
}

const schemaOf = (name: string): z.ZodType => (name.startsWith('decision') ? decision : REQUESTS[name as Door])
const jsonSchemaOf = (name: string) => schemas.get(name.startsWith('decision') ? 'decision' : name)!

test('there is an example for every gate, and of decisions', () => {
  assert.deepEqual([...examples.keys()].sort(), [...DOORS, 'decision-deny', 'decision-unknown'].sort())
})

test('a gate has one name here and in core', () => {
  assert.deepEqual(
    DOORS.filter((gate) => REQUESTS[gate].shape.gate.value !== gate),
    [],
  )
  assert.deepEqual(new Set(request.options.map(({ shape }) => shape.gate.value)), new Set(DOORS))
})

describe('examples', () => {
  for (const [name, document] of examples) {
    test(`${name} is one`, () => {
      assert.deepEqual(schemaOf(name).parse(document), document)
      if (!name.startsWith('decision')) assert.deepEqual(request.parse(document), document)
      assert.deepEqual(misfits(document, jsonSchemaOf(name)), [])
    })

    test(`${name} with an unknown field anywhere is none`, () => {
      const changed = [...withStrangers(document)]
      assert.ok(changed.length >= 2, `${changed.length} places`)
      for (const { at, document: stranger } of changed) {
        assert.equal(schemaOf(name).safeParse(stranger).success, false, at)
        assert.notDeepEqual(misfits(stranger, jsonSchemaOf(name)), [], at)
      }
    })
  }

  test('of one gate is none of another', () => {
    for (const gate of DOORS)
      for (const other of DOORS) assert.equal(REQUESTS[other].safeParse(examples.get(gate)).success, gate === other, `${gate} as ${other}`)
  })
})

describe('a decision that is unknown', () => {
  const unknown = examples.get('decision-unknown')!

  test('has its reason, and no other has one', () => {
    const { reason, ...without } = unknown
    assert.ok(reason)
    assert.equal(decision.safeParse(without).success, false)
    assert.notDeepEqual(misfits(without, schemas.get('decision')!), [])
    assert.equal(decision.safeParse({ ...unknown, effect: 'allow' }).success, false)
  })

  test('permits no more than a denial', () => {
    for (const enforced of [true, false]) {
      const as = (effect: string) => permits(decision.parse({ ...without(unknown, 'reason'), effect, enforced }))
      assert.equal(permits(decision.parse({ ...unknown, enforced })), as('deny'))
      assert.equal(as('deny'), !enforced)
      assert.equal(as('allow'), true)
    }
  })
})

function without(document: Document, name: string): Document {
  const { [name]: _, ...rest } = document
  return rest
}

/** Whose fields are not ours to name. */
const FREE = /\.(labels|claims|extra|request\.(object|oldObject|options))$/

/** The document once for each object in it, with a field more in that. */
function* withStrangers(document: Document): Generator<{ readonly at: string; readonly document: Document }> {
  for (const path of objectsIn(document, '')) {
    const copy = structuredClone(document)
    const at = path.split('.').slice(1)
    const place = at.reduce((value, key) => value[key] as Document, copy)
    place.stranger = 1
    yield { at: path, document: copy }
  }
}

function* objectsIn(value: unknown, path: string): Generator<string> {
  if (typeof value !== 'object' || value === null || FREE.test(path)) return
  if (!Array.isArray(value)) yield path
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${path}.${key}`)
}

const validator = prepareQuery(compilePolicy({}), '[_, misfits] := json.match_schema(input.document, input.schema)')

/** What a validator that is not zod says. */
function misfits(document: Document, schema: JsonSchema): readonly unknown[] {
  const [solution] = validator.solve({
    input: fromHost({ document, schema: JSON.parse(JSON.stringify(schema)) }),
    data: fromHost({}),
    surroundings: { now: 0n, clock: () => performance.now(), random: Math.random },
  })
  return toHost(solution!.bindings.get('misfits')!) as readonly unknown[]
}
