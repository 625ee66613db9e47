import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { judgeFile } from './netpol.ts'
import type { Judge } from './netpol-judges.ts'
import { reference, tables } from './netpol-judges.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'thymus-conform-'))
after(() => rmSync(folder, { recursive: true }))

/** Two pods, and a policy by which b takes only 80/TCP from a. */
const policy = (port: unknown) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'b', namespace: 'x' },
  spec: {
    podSelector: { matchLabels: { pod: 'b' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'a' } } }], ports: [{ port }] }],
  },
})
const pods = ['a', 'b'].map((name, at) => ({ namespace: 'x', name, labels: { pod: name }, ip: `10.0.0.${at + 1}` }))
const open = ['..', '..']
const intoB = ['.X', '.X'] // also to itself, which is not judged
const right = [
  { port: 80, protocol: 'TCP', combined: open, ingress: open, egress: open },
  { port: 81, protocol: 'TCP', combined: intoB, ingress: intoB, egress: open },
]
const oneCase = (id: number, port: unknown, probes: readonly object[]) => ({
  id,
  description: `case ${id}`,
  steps: [{ world: { namespaces: { x: {} }, pods }, policies: [policy(port)], probes }],
})
const lie = [{ ...right[0]!, combined: intoB }, right[1]!]

function write(name: string, cases: readonly object[]): string {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify({ cases }))
  return path
}

function conform(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/node'), [join(root, 'test/conformance/main.ts'), ...args], {
    encoding: 'utf8',
  })
  const last = stdout.trim().split('\n').at(-1)!
  return { status, stderr: stderr.trim(), result: last === '' ? undefined : JSON.parse(last) }
}

describe('the runner', () => {
  test('passes what agrees, and counts every cell but those of a pod to itself', () => {
    const { status, stderr, result } = conform('netpol', write('right.json', [oneCase(1, 80, right)]))
    const counts = { passed: 1, failed: 0, refused: 0, wrong: 0, cases: 1, wrongCells: 0 }
    const { judges, without: _, cells, self, ...counted } = result
    assert.deepEqual([status, stderr, counted], [0, '', { suite: 'netpol', ...counts }])
    // Every judge is asked every cell; the kernel is one of them where there is privilege.
    assert.deepEqual([cells, self], [2 * 3 * 2 * judges.length, 2 * 2 * judges.length])
    assert.deepEqual(judges.slice(0, 2), ['reference', 'tables'])
  })

  test('tells apart what is wrong, refused and failed, a line each, and says so by its exit', () => {
    const path = write('mixed.json', [oneCase(1, 80, lie), oneCase(2, 'http', right), oneCase(3, 0, right), oneCase(4, 80, right)])
    const { status, stderr, result } = conform('netpol', path)
    const { passed, failed, refused, wrong, wrongCells } = result
    assert.deepEqual(
      { status, passed, failed, refused, wrong, wrongCells },
      { status: 1, passed: 1, failed: 1, refused: 1, wrong: 1, wrongCells: result.judges.length },
    )
    const lines = stderr.split('\n')
    assert.equal(lines.length, 3)
    assert.match(lines[0]!, /^wrong: case 1 .*: \d cells, the first in step 1, reference: combined x\/a to x\/b TCP\/80: allowed$/)
    assert.match(lines[1]!, /^refused: case 2 .*named port "http"/)
    assert.match(lines[2]!, /^failed: case 3 /)
  })

  test('a refusal alone is no failure', () => {
    assert.equal(conform('netpol', write('refused.json', [oneCase(1, 'http', right)])).status, 0)
  })

  test('fails on a file that holds no cases', () => {
    for (const path of [write('none.json', []), write('other.json', [{ id: 1 }]), join(folder, 'missing.json')]) {
      const { status, stderr } = conform('netpol', path)
      assert.equal(status, 1)
      assert.doesNotMatch(stderr, /^ +at /m, 'no stack')
    }
  })

  test('names the suites where it is asked for another', () => {
    for (const args of [[], ['netpol'], ['constructor', 'x']]) {
      const { status, stderr } = conform(...args)
      assert.equal(status, 64)
      assert.match(stderr, /one of .*netpol/)
    }
  })
})

describe('a judge', () => {
  const path = write('judge.json', [oneCase(1, 80, right)])
  const judging = (judge: Judge['judge']) => judgeFile(path, [reference, { name: 'other', judge }])

  test('that decides otherwise is found wrong', async () => {
    const { wrong, wrongCells, cells } = await judging(({ requests }) => requests.map(() => true))
    assert.deepEqual({ wrong, wrongCells, cells }, { wrong: 1, wrongCells: 2, cells: 24 })
  })

  test('that breaks down, or answers less than it was asked, fails the case', async () => {
    assert.equal((await judging(() => Promise.reject(new Error('no kernel')))).failed, 1)
    assert.equal((await judging(() => [])).failed, 1)
  })
})

test('a matrix of the wrong size fails the case', async () => {
  const path = write('short.json', [oneCase(1, 80, [{ ...right[0], ingress: ['.'] }])])
  assert.equal((await judgeFile(path, [reference, tables])).failed, 1)
})

test('the cases of cyclonus are all right, but for named ports', async (t) => {
  const path = join(process.env.THYMUS_CORPORA ?? join(root, '../shared/corpora'), 'network/cyclonus-cases-nodns.json')
  if (!existsSync(path)) return t.skip('the corpora are not here')
  const { passed, failed, refused, wrong, cells } = await judgeFile(path, [reference, tables])
  assert.deepEqual({ failed, wrong }, { failed: 0, wrong: 0 })
  assert.ok(passed > 5 * refused && Number(cells) > 200_000, `${passed} passed, ${refused} refused, ${cells} cells`)
})
