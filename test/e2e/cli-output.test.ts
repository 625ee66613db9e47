import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ThymusError } from '../../src/core/errors.ts'
import { AnsweringAgent } from '../kit/answering-agent.ts'
import { ANSWERS, APPLIED, EVENTS, EXPLANATION, FINDINGS } from '../kit/answers.ts'
import { begin, ended, PROGRAM, thymus } from '../kit/cli.ts'

const GOLDEN = join(import.meta.dirname, 'golden')
const AS_IS = { serializers: [(text: unknown) => String(text)] }

describe('what a command prints', () => {
  /** Name of the golden file → command line. They are renewed by --test-update-snapshots. */
  const SHOWN: Readonly<Record<string, readonly string[]>> = {
    'status.table': ['status'],
    'status.json': ['status', '-o', 'json'],
    'status.yaml': ['status', '-o', 'yaml'],
    'status.ndjson': ['status', '-o', 'ndjson'],
    'policy-list.table': ['policy', 'list'],
    'policy-diff.table': ['policy', 'diff', '-f', '-'],
    'policy-why.table': ['policy', 'why', 'web', 'db', '--port', '5432'],
    'apply.table': ['apply', '-f', '-', '--enforce'],
    'workload-list.table': ['workload', 'list'],
    'workload-list.colour': ['workload', 'list', '--color', 'always'],
    'workload-show.table': ['workload', 'show', 'shop/web'],
    'flow-list.table': ['flow', 'list'],
    'decision-list.table': ['decision', 'list'],
    'finding-list.table': ['finding', 'list'],
    'finding-list.json': ['finding', 'list', '-o', 'json'],
    'finding-list.ndjson': ['finding', 'list', '-o', 'ndjson'],
    'finding-list.yaml': ['finding', 'list', '-o', 'yaml'],
    'event-tail.table': ['event', 'tail', '--no-follow'],
    'event-tail.ndjson': ['event', 'tail', '--no-follow', '-o', 'ndjson'],
    'event-tail.yaml': ['event', 'tail', '--no-follow', '-o', 'yaml'],
    'explain.table': ['explain', 'NET_DENIED-a1'],
  }
  for (const [name, words] of Object.entries(SHOWN)) {
    test(`${words.join(' ')} prints golden/${name}.txt`, async (t) => {
      await using agent = new AnsweringAgent()
      await agent.answer(ANSWERS)
      const { stdout, stderr, status } = await thymus(words, { env: agent.env })
      assert.equal(status, 0, stderr)
      t.assert.fileSnapshot(stdout, join(GOLDEN, `${name}.txt`), AS_IS)
    })
  }

  for (const words of [[], ['run'], ['policy']]) {
    test(`${['thymus', ...words].join(' ')} --help leads with examples or commands`, async (t) => {
      const { stdout, status, stderr } = await thymus([...words, '--help'])
      assert.equal(status, 0, stderr)
      t.assert.fileSnapshot(stdout, join(GOLDEN, `help${words.map((word) => `-${word}`).join('')}.txt`), AS_IS)
    })
  }

  test('JSON and YAML carry apiVersion and kind, and so does each line of NDJSON', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer(ANSWERS)
    let compared = 0
    const commands = [
      ['status'],
      ['policy', 'list'],
      ['workload', 'list'],
      ['flow', 'list'],
      ['decision', 'list'],
      ['finding', 'list'],
      ['doctor'],
    ]
    for (const words of commands) {
      const { stdout } = await thymus([...words, '-o', 'json'], { env: agent.env })
      const { apiVersion, kind } = JSON.parse(stdout) as { apiVersion: string; kind: string }
      assert.equal(apiVersion, 'thymus.dev/v1')
      assert.match(kind, /^[A-Z][A-Za-z]+$/)
      const lines = (await thymus([...words, '-o', 'ndjson'], { env: agent.env })).stdout.trim().split('\n')
      for (const line of lines) {
        const item = JSON.parse(line) as { apiVersion: string; kind: string }
        assert.equal(item.apiVersion, 'thymus.dev/v1')
        assert.doesNotMatch(item.kind, /List$/)
        compared++
      }
    }
    assert.ok(compared > commands.length, `${compared} lines`)
  })

  test('several outputs at once: one to a file, one to stdout, each whole', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer(ANSWERS)
    const file = join(agent.home, 'findings.json')
    const { stdout, status } = await thymus(['finding', 'list', '-o', `json=${file}`, '-o', 'table'], { env: agent.env })
    assert.equal(status, 0)
    assert.match(stdout, /^FINDING +SEVERITY/)
    assert.equal((JSON.parse(readFileSync(file, 'utf8')) as { items: unknown[] }).items.length, FINDINGS.length)
  })

  test('what comes one by one is all in the file', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer(ANSWERS)
    const file = join(agent.home, 'events.ndjson')
    writeFileSync(file, 'yesterday')
    await thymus(['event', 'tail', '--no-follow', '-o', `ndjson=${file}`], { env: agent.env })
    assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, EVENTS.length)
  })

  test('a file that was there stays as it was when there is nothing to put in its place', async () => {
    await using agent = new AnsweringAgent()
    const file = join(agent.home, 'status.json')
    writeFileSync(file, 'yesterday')
    const { status } = await thymus(['status', '-o', `json=${file}`], { env: agent.env })
    assert.equal(status, 1)
    assert.equal(readFileSync(file, 'utf8'), 'yesterday')
    const other = join(agent.home, 'other.json')
    await thymus(['status', '-o', `json=${other}`], { env: agent.env })
    assert.ok(!existsSync(other), 'and one that was not there is not made')
  })

  test('on a full disk a file that was there stays as it was, and the error names it', {
    skip: process.getuid!() !== 0 && 'no root',
  }, () => {
    const disk = mkdtempSync(join(tmpdir(), 'thymus-full-'))
    const full = `mount -t tmpfs -o size=8k none "$0" && echo yesterday > "$0/out" && head -c 8192 /dev/zero > "$0/fill" 2> "$0/fill"
      "$@"; status=$?; cat "$0/out"; ls "$0"; exit $status`
    const words = ['scan', 'manifests', '-o', `json=${disk}/out`, join(import.meta.dirname, '../../deploy')]
    const { stdout, stderr, status } = spawnSync('unshare', ['-m', 'sh', '-c', full, disk, PROGRAM, ...words], { encoding: 'utf8' })
    rmdirSync(disk)
    assert.deepEqual([stdout, status], ['yesterday\nfill\nout\n', 64], stderr)
    assert.match(stderr, /^thymus: USAGE: it cannot be written \(ENOSPC\) \(at .*\/out\)$/m)
  })

  test('data goes to stdout and remarks go to stderr', async () => {
    await using agent = new AnsweringAgent()
    const warned = async () => ({ ...APPLIED, warnings: ['it selects nothing'], cut: 2 })
    await agent.answer({ ...ANSWERS, apply: warned, rollback: warned, deletePolicy: warned })
    const { stdout, stderr } = await thymus(['apply', '-f', '-', '-o', 'json'], { env: agent.env, input: 'a: 1' })
    assert.equal((JSON.parse(stdout) as { generation: number }).generation, 7)
    assert.match(stderr, /were cut: 2$/m)
    const undone = await thymus(['apply', '--rollback'], { env: agent.env })
    const deleted = await thymus(['policy', 'delete', 'a'], { env: agent.env })
    for (const said of [stderr, undone.stderr, deleted.stderr]) assert.match(said, /^warning: it selects nothing$/m)
  })

  test('a table is cut to the terminal, and not with --no-trunc; colour is for terminals that want it', async (t) => {
    await using agent = new AnsweringAgent()
    await agent.answer(ANSWERS)
    const on = (words: string, env: NodeJS.ProcessEnv = agent.env) => inTerminal(`thymus ${words}`, env)
    const cut = await on('flow list')
    if (cut === undefined) return t.skip('script(1) is not installed')
    assert.ok(
      cut.split('\r\n').every((line) => line.replace(SGR, '').length <= 80),
      cut,
    )
    assert.match(cut, SGR)
    const whole = (await on('flow list --no-trunc'))!
    assert.ok(whole.split('\r\n').some((line) => line.replace(SGR, '').length > 80))
    assert.doesNotMatch((await on('flow list --color never'))!, SGR)
    assert.doesNotMatch((await on('flow list', { ...agent.env, NO_COLOR: '1' }))!, SGR)
    assert.doesNotMatch((await on('flow list', { ...agent.env, TERM: 'dumb' }))!, SGR)
  })

  test('a reader that goes away is no error', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({
      async *events() {
        for (;;) yield EVENTS[0]!
      },
    })
    const child = begin(['event', 'tail', '-o', 'ndjson'], { env: agent.env })
    child.stdout!.once('data', () => child.stdout!.destroy())
    const { status, stderr } = await new Promise<{ status: number | null; stderr: string }>((resolve) => {
      let stderr = ''
      child.stderr!.on('data', (text) => {
        stderr += text
      })
      child.once('exit', (status) => resolve({ status, stderr }))
    })
    assert.equal(stderr, '')
    assert.equal(status, 0)
  })
})

describe('strings that somebody else wrote', () => {
  const HOSTILE = 'a\u001b[31m\u001b]0;owned\u0007\r\nb\u009b2J\u202eevil\u0000'

  test('move no cursor in any format', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({
      ...ANSWERS,
      findings: () => ({ items: [{ ...FINDINGS[0]!, title: HOSTILE, about: HOSTILE }] }),
      explain: () => ({ ...EXPLANATION, what: HOSTILE, line: HOSTILE, because: [HOSTILE] }),
      async *events() {
        yield { ...EVENTS[0]!, workload: HOSTILE, facts: { argv: [HOSTILE], path: HOSTILE } }
      },
    })
    let compared = 0
    for (const words of [
      ['finding', 'list'],
      ['explain', 'X'],
      ['event', 'tail', '--no-follow'],
    ]) {
      for (const format of ['table', 'json', 'ndjson', 'yaml']) {
        const { stdout, status } = await thymus([...words, '-o', format], { env: agent.env })
        assert.equal(status, 0)
        assert.match(stdout, /owned/)
        assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/, `${words} ${format}`)
        compared++
      }
    }
    assert.equal(compared, 12)
  })

  test('are still whole in JSON', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({ findings: () => ({ items: [{ ...FINDINGS[0]!, title: HOSTILE }] }) })
    const { stdout } = await thymus(['finding', 'list', '-o', 'json'], { env: agent.env })
    assert.equal((JSON.parse(stdout) as { items: { title: string }[] }).items[0]!.title, HOSTILE)
  })

  test('move no cursor in an error either', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({
      explain: () => {
        throw new ThymusError('POLICY_UNKNOWN', HOSTILE, { at: HOSTILE })
      },
    })
    const { stderr } = await thymus(['explain', 'X'], { env: agent.env })
    assert.match(stderr, /^thymus: POLICY_UNKNOWN: a/)
    assert.doesNotMatch(stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    const asked = await thymus(['policy', 'delete', HOSTILE.replace('\0', '')], { env: agent.env })
    assert.doesNotMatch(asked.stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
})

const SGR = /\u001b\[[0-9;]*m/g

/** Runs a command line in a terminal of 80 columns; undefined where there is no script(1). */
async function inTerminal(line: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const path = `${join(import.meta.dirname, '../../bin')}:${env.PATH}`
  const child = spawn('script', ['-qec', `stty cols 80; ${line}`, '/dev/null'], { env: { ...env, PATH: path } })
  child.stdin.end()
  try {
    return (await ended(child)).stdout
  } catch {
    return undefined
  }
}
