import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { callBuiltin } from '../../../../../test/kit/rego-builtin.ts'
import { RegoError } from '../../errors.ts'

const call = (name: string, ...operands: readonly unknown[]) => callBuiltin(`graphql.${name}`, operands)
const isValid = (query: unknown, schema: unknown = SCHEMA) => call('is_valid', query, schema)

const SCHEMA = `
  schema { query: Root subscription: Sub }
  directive @once(on: Boolean = true) on FIELD directive @many repeatable on FIELD
  interface Animal { name(long: Boolean): String! friends(first: Int = 1, kind: Kind): [Animal!] }
  type Dog implements Animal { name(long: Boolean): String! friends(first: Int = 1, kind: Kind): [Animal!] barks: Boolean }
  type Cat implements Animal { name(long: Boolean): String! friends(first: Int = 1, kind: Kind): [Animal!] barks: String }
  union Pet = Dog | Cat
  enum Kind { DOG CAT }
  input Filter { name: String! limit: Int = 3 ids: [ID!] either: Either }
  input Either @oneOf { a: Int b: String }
  scalar Anything
  type Root { animal(id: ID!, filter: Filter, any: Anything): Animal pet: Pet pets: [Pet] dog: Dog }
  type Sub { one: Int two: Int }`

describe('trees', () => {
  test('of queries have the parts of gqlparser, without what is empty', () => {
    const query = '# c\nquery Q($a: [Int!] = 1 @d) { # x\n b: c(x: {y: "s", z: [1, $a]}) ... on T { d } ...F }\nfragment F on T { g }'
    const literal = (Kind: number, Raw: string, more: object = {}) => ({ ExpectedTypeHasDefault: false, Kind, Raw, ...more })
    assert.deepEqual(call('parse_query', query), {
      Operations: [
        {
          Comment: { List: [{ Value: '# c' }] },
          Name: 'Q',
          Operation: 'query',
          VariableDefinitions: [
            {
              DefaultValue: literal(1, '1'),
              Directives: [{ Location: '', Name: 'd' }],
              Type: { Elem: { NamedType: 'Int', NonNull: true }, NamedType: '', NonNull: false },
              Used: false,
              Variable: 'a',
            },
          ],
          SelectionSet: [
            {
              Alias: 'b',
              Name: 'c',
              Comment: { List: [{ Value: '# x' }] },
              Arguments: [
                {
                  Name: 'x',
                  Value: literal(9, '', {
                    Children: [
                      { Name: 'y', Value: literal(3, 's') },
                      {
                        Name: 'z',
                        Value: literal(8, '', {
                          Children: [
                            { Name: '', Value: literal(1, '1') },
                            { Name: '', Value: literal(0, 'a') },
                          ],
                        }),
                      },
                    ],
                  }),
                },
              ],
            },
            { TypeCondition: 'T', SelectionSet: [{ Alias: 'd', Name: 'd' }] },
            { Name: 'F' },
          ],
        },
      ],
      Fragments: [{ Name: 'F', TypeCondition: 'T', SelectionSet: [{ Alias: 'g', Name: 'g' }] }],
    })
  })

  test('of schemas keep descriptions and comments', () => {
    const schema =
      '# c\n"""\n  desc\n    more\n"""\ntype A implements B & C @x { "d" f(a: Int = 1): [A!]! # z\n }\nextend schema @z { query: A }\nenum E { A B }\n# end'
    const type = (NamedType: string, NonNull = false) => ({ NamedType, NonNull })
    assert.deepEqual(call('parse_schema', schema), {
      Comment: { List: [{ Value: '# end' }] },
      Definitions: [
        {
          BeforeDescriptionComment: { List: [{ Value: '# c' }] },
          EndOfDefinitionComment: { List: [{ Value: '# z' }] },
          BuiltIn: false,
          Description: 'desc\n  more',
          Kind: 'OBJECT',
          Name: 'A',
          Interfaces: ['B', 'C'],
          Directives: [{ Location: '', Name: 'x' }],
          Fields: [
            {
              Description: 'd',
              Name: 'f',
              Type: { Elem: type('A', true), NamedType: '', NonNull: true },
              Arguments: [
                { Description: '', Name: 'a', Type: type('Int'), DefaultValue: { ExpectedTypeHasDefault: false, Kind: 1, Raw: '1' } },
              ],
            },
          ],
        },
        {
          BuiltIn: false,
          Description: '',
          Kind: 'ENUM',
          Name: 'E',
          EnumValues: [
            { Description: '', Name: 'A' },
            { Description: '', Name: 'B' },
          ],
        },
      ],
      SchemaExtension: [
        { Description: '', Directives: [{ Location: '', Name: 'z' }], OperationTypes: [{ Operation: 'query', Type: 'A' }] },
      ],
    })
  })

  test('stand for their texts', () => {
    const query = '{ dog { name } }'
    const trees = [call('parse_query', query), call('parse_schema', SCHEMA)]
    assert.deepEqual(call('parse', query, SCHEMA), trees)
    assert.deepEqual(call('parse', ...trees), trees)
    assert.deepEqual(call('parse_and_verify', ...trees), [true, ...trees])
    assert.deepEqual(call('parse_and_verify', '{ cow }', SCHEMA), [false, {}, {}])
    assert.equal(call('parse', '{ cow }', SCHEMA), undefined)
    assert.equal(call('is_valid', 1, SCHEMA), false)
    assert.equal(call('parse', 1, SCHEMA), undefined)
    assert.equal(call('schema_is_valid', call('parse_schema', 'type A { b: C }')), false)
  })

  test('of strings mean what is written', () => {
    const raw = (text: string) => JSON.stringify(call('parse_query', `{ a(b: ${text}) }`)).match(/"Raw":"((?:[^"\\]|\\.)*)"/)?.[1]
    for (const [text, meant] of [
      ['"\\u0041\\n\\"/"', 'A\\n\\"/'],
      ['"\\ud83d\\ude00"', '��'],
      ['"""a\\"""b"""', 'a\\"\\"\\"b'],
      ['""""a"""', '\\"a'],
      ['""', ''],
    ] as const)
      assert.equal(raw(text), meant, text)
    assert.equal(raw('"""\n    a\n      b\r\n\n  """'), 'a\\n  b')
  })
})

test('what is no GraphQL is none', () => {
  const bad = [
    '{',
    '}',
    '{}',
    '{ a(',
    '{ a(b: ) }',
    '{ a: }',
    '{ ...on }',
    'query ($a) { b }',
    '{ a(b: "\n") }',
    '{ a(b: "\\x") }',
    '{ a(b: "\\u12") }',
    '{ a(b: 01) }',
    '{ a(b: 1.) }',
    '{ a(b: -) }',
    '{ a(b: """) }',
    "{ a(b: 'c') }",
    '{ \u0007 }',
    '{ é }',
    'type A { b: C }',
    'fragment on on A { b }',
  ]
  for (const query of bad) assert.equal(call('parse_query', query), undefined, query)
  for (const schema of [
    'type',
    'type A { }',
    'extend "d" type A',
    '"d" extend type A @b',
    'extend type A',
    'union A = ',
    'directive @a on X',
    'schema { all: A }',
    '{ a }',
    'type A { b(c: Int = $d): E }',
  ]) {
    assert.equal(call('parse_schema', schema), undefined, schema)
  }
  assert.deepEqual([call('parse_query', ''), call('parse_schema', '')], [{}, {}])
})

test('queries keep the rules of a schema', () => {
  const good = [
    '{ animal(id: 1) { name ... on Dog { barks } ...C __typename } } fragment C on Cat { barksToo: barks }',
    '{ pet { ... on Dog { a: barks } ... on Cat { b: name } } __schema { types { name } } }',
    'query A($id: ID!, $n: Int) { animal(id: $id, filter: {name: "x", limit: $n, ids: 1}, any: {x: [$n]}) { name(long: true) } }',
    'query A($n: String!) { animal(id: "x", filter: {name: "y", either: {b: $n}}) { friends(first: 99999999999, kind: DOG) { name } } }',
    '{ dog { name @many @many @once name @skip(if: false) } }',
    'subscription { one }',
    'query A { dog { name } } query B { dog { name } }',
  ]
  for (const query of good) assert.equal(isValid(query), true, query)
  const bad = [
    '{ cow }',
    '{ dog }',
    '{ dog { name { x } } }',
    '{ dog { cow } }',
    'mutation { a }',
    '{ animal { name } }',
    '{ animal(id: 1, x: 2) { name } }',
    '{ animal(id: 1, id: 2) { name } }',
    '{ animal(id: null) { name } }',
    '{ animal(id: 1.5) { name } }',
    '{ animal(id: 1, filter: {}) { name } }',
    '{ animal(id: 1, filter: {name: 1}) { name } }',
    '{ animal(id: 1, filter: {name: "a", x: 1}) { name } }',
    '{ animal(id: 1, filter: {name: "a", name: "b"}) { name } }',
    '{ animal(id: 1, filter: {name: "a", either: {a: 1, b: "x"}}) { name } }',
    'query ($n: String) { animal(id: 1, filter: {name: "a", either: {b: $n}}) { name } }',
    '{ dog { friends(kind: COW) { name } } }',
    '{ dog { friends(kind: "DOG") { name } } }',
    '{ dog { friends(first: 99999999999999999999) { name } } }',
    '{ dog { name @none } }',
    '{ dog { name @once @once } }',
    'query @once { dog { name } }',
    '{ dog { name @skip } }',
    '{ dog { name @once(x: 1) } }',
    '{ dog { ...None } }',
    '{ dog { ...C } } fragment C on Cat { name }',
    '{ dog { ... on Cat { name } } }',
    '{ dog { ... on Kind { name } } }',
    '{ dog { ... on None { name } } }',
    '{ dog { name } } fragment F on Dog { name }',
    '{ dog { ...F } } fragment F on Dog { ...F }',
    '{ dog { ...F } } fragment F on Dog { ...G } fragment G on Dog { ...F }',
    '{ dog { ...F } } fragment F on Dog { name } fragment F on Dog { name }',
    '{ dog { ...F } } fragment F on Int { name }',
    '{ dog { a: name a: barks } }',
    '{ dog { name(long: true) name } }',
    '{ pet { ... on Dog { barks } ... on Cat { barks } } }',
    '{ pet { ... on Dog { x: name } ... on Cat { x: barks } } }',
    '{ dog { ...A ...B } } fragment A on Dog { x: name } fragment B on Dog { x: barks }',
    'query ($a: Int) { dog { name } }',
    '{ animal(id: $a) { name } }',
    'query ($a: Int) { animal(id: $a) { name } }',
    'query ($a: Dog) { animal(id: $a) { name } }',
    'query ($a: ID!, $a: ID!) { animal(id: $a) { name } }',
    'query ($a: Int = "x") { dog { friends(first: $a) { name } } }',
    '{ dog { name } } { dog { name } }',
    'query A { dog { name } } query A { dog { name } }',
    'subscription { one two }',
    'subscription { __typename }',
    '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }',
  ]
  for (const query of bad) assert.equal(isValid(query), false, query)
})

test('schemas keep their own rules', () => {
  const good = [
    '',
    'type A { b: Int }',
    'scalar A',
    'extend type A { b: Int }',
    'directive @skip on FIELD',
    'input A { b: A }',
    'input A { b: [A!]! }',
    'interface A { b: A } type B implements A { b: B c: Int }',
  ]
  for (const schema of good) assert.equal(call('schema_is_valid', schema), true, schema)
  const bad = [
    'type A',
    'type A { b: None }',
    'type A { __b: Int }',
    'type __A { b: Int }',
    'type A { b: Int } type A { c: Int }',
    'type Int { b: Int }',
    'type A { b: Int b: Int }',
    'enum A',
    'enum A { true }',
    'enum A { B B }',
    'union A = B',
    'union A = Int',
    'type B { c: Int } union A = B | B',
    'input A { b: A! }',
    'input A { b: B! } input B { a: A! }',
    'type B { c: Int } input A { b: B }',
    'input A { b: Int } type B { c: A }',
    'type B { c: Int } type A { b(c: B): Int }',
    'interface A { b: Int } type B implements A { c: Int }',
    'interface A { b: Int } type B implements A { b: String }',
    'interface A { b(c: Int): Int } type B implements A { b: Int }',
    'interface A { b: Int } type B implements A { b(c: Int!): Int }',
    'type A { b: Int } type B implements A { b: Int }',
    'interface A { b: Int } interface B implements A { b: Int } type C implements B { b: Int }',
    'directive @a(b: Int @a) on ARGUMENT_DEFINITION',
    'directive @a on FIELD directive @a on FIELD',
    'type A @none { b: Int }',
    'type A @skip(if: true) { b: Int }',
    'type A { b: Int @deprecated @deprecated }',
    'type A { b: Int @deprecated(x: 1) }',
    'scalar A @specifiedBy',
    'scalar A extend type A { b: Int }',
    'schema { query: None }',
    'type A { b: Int } schema { query: A } schema { query: A }',
  ]
  for (const schema of bad) assert.equal(call('schema_is_valid', schema), false, schema)
})

describe('what is hostile', () => {
  const deep = (open: string, close: string, inside = 'a', count = 100_000) => open.repeat(count) + inside + close.repeat(count)
  test('by its depth ends by the limit', () => {
    for (const query of [
      deep('{ a ', '}'),
      `{ a(b: ${deep('[', ']', '1')}) }`,
      `query ($a: ${deep('[', ']', 'Int')}) { b }`,
      deep('{ ... ', '}', '{ a }'),
    ]) {
      assert.throws(() => call('parse_query', query), { code: 'REGO_LIMIT' })
    }
    const chain = Array.from({ length: 5_000 }, (_, at) => `fragment F${at} on Root { ...F${at + 1} }`).join(' ')
    assert.throws(() => isValid(`{ ...F0 } ${chain} fragment F5000 on Root { dog { name } }`), { code: 'REGO_LIMIT' })
    const inputs = Array.from({ length: 5_000 }, (_, at) => `input I${at} { a: I${at + 1}! }`).join(' ')
    assert.throws(() => call('schema_is_valid', `${inputs} input I5000 { a: Int }`), { code: 'REGO_LIMIT' })
  })

  test('by its size ends by the steps, or soon', () => {
    const started = performance.now()
    const bomb = `{ ${Array.from({ length: 20_000 }, () => 'dog { name }').join(' ')} }`
    assert.throws(() => callBuiltin('graphql.is_valid', [bomb, SCHEMA], { limits: { steps: 1_000_000 } }), { code: 'REGO_LIMIT' })
    assert.equal(isValid(`{ ${Array.from({ length: 5_000 }, (_, at) => `a${at}: dog { name }`).join(' ')} }`), true)
    assert.equal(call('parse_query', `{ a(b: "${'\\n'.repeat(500_000)}`), undefined)
    assert.equal(call('parse_query', '#'.repeat(2_000_000)) !== undefined, true)
    assert.ok(performance.now() - started < 60_000)
  })

  test('as a tree that is none, is invalid', () => {
    const trees = [call('parse_query', '{ animal(id: {a: [1]}) { name @many } }'), call('parse_schema', SCHEMA)] as const
    const part = fc.constantFrom<unknown>(null, 5, 'Int', true, [], {}, [null], { Kind: 12 }, undefined)
    fc.assert(
      fc.property(fc.nat(), part, fc.boolean(), (at, value, first) => {
        const copy = structuredClone(trees[first ? 0 : 1])
        const places: [object, string][] = []
        const visit = (node: unknown) => {
          if (typeof node !== 'object' || node === null) return
          for (const [key, child] of Object.entries(node)) {
            places.push([node, key])
            visit(child)
          }
        }
        visit(copy)
        const [node, key] = places[at % places.length]!
        Reflect.set(node, key, value)
        try {
          assert.equal(typeof (first ? isValid(copy) : call('schema_is_valid', copy)), 'boolean')
        } catch (error) {
          assert.ok(error instanceof RegoError, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })
})
