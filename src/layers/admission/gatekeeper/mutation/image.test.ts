import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { imagePartsProblem, mutateImage } from './image.ts'

const parts = (domain: string, path: string, tag: string) => ({ domain, path, tag })
const DIGEST = `@sha256:${'0a'.repeat(32)}`

describe('names of images', () => {
  const MUTATED: readonly (readonly [string, ReturnType<typeof parts>, string])[] = [
    ['nginx', parts('gcr.io', '', ''), 'gcr.io/nginx'],
    ['nginx:1.2', parts('', '', ':2'), 'nginx:2'],
    ['library/nginx', parts('gcr.io', '', ''), 'gcr.io/library/nginx'],
    ['docker.io/library/nginx:1', parts('gcr.io', 'a/b', DIGEST), `gcr.io/a/b${DIGEST}`],
    ['localhost/nginx', parts('gcr.io', '', ''), 'gcr.io/nginx'],
    ['localhost:5000/nginx', parts('', 'x', ''), 'localhost:5000/x'],
    // A tag is all from the first mark on.
    ['nginx:1@sha256:00', parts('', '', ':2'), 'nginx:2'],
    ['', parts('', 'a', ''), 'a'],
    ['', parts('gcr.io', '', ''), 'gcr.io/'],
    [':1', parts('', 'a', ''), 'a:1'],
    ['a:b/c', parts('x.y', '', ''), 'x.y/c'],
    ['/a', parts('x.y', '', ''), 'x.y//a'],
  ]
  for (const [name, set, mutated] of MUTATED) {
    test(`${JSON.stringify(name)} and ${JSON.stringify(set)}`, () => {
      assert.equal(mutateImage(name, set), mutated)
      assert.equal(mutateImage(mutated, set), mutated, 'a second time changes nothing')
    })
  }

  const PROBLEMS: readonly (readonly [ReturnType<typeof parts>, string | undefined])[] = [
    [parts('gcr.io', 'a__b/c-d---e.f', ':v1'), undefined],
    [parts('localhost:80', '', DIGEST), undefined],
    [parts('', '', ''), 'domain'],
    [parts('gcr', '', ''), 'domain'],
    [parts('a..b', '', ''), undefined],
    [parts('gcr.io/', '', ''), 'domain'],
    [parts('gcr.io:', '', ''), 'domain'],
    [parts('', 'gcr.io/a', ''), 'path'],
    [parts('', 'localhost/a', ''), 'path'],
    [parts('x.y', 'gcr.io/a', ''), undefined],
    [parts('', 'a___b', ''), 'path'],
    [parts('', 'a/', ''), 'path'],
    [parts('', 'A', ''), 'path'],
    [parts('', '', 'v1'), 'tag'],
    [parts('', '', ':v:1'), 'tag'],
    [parts('', '', '@sha256:00'), 'tag'],
    [parts('', '', ':v1\n'), 'tag'],
  ]
  for (const [set, part] of PROBLEMS)
    test(`${JSON.stringify(set)}: ${part ?? 'good'}`, () => assert.equal(imagePartsProblem(set)?.part, part))

  test('long texts take no long time', () => {
    const begun = performance.now()
    for (const text of ['a.'.repeat(50_000), 'a-'.repeat(50_000), `a${'-'.repeat(50_000)}!`, `:${'a'.repeat(50_000)}`])
      assert(imagePartsProblem(parts(text, text, text)) !== undefined)
    assert(performance.now() - begun < 500)
  })
})
