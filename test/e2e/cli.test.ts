import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ThymusError } from '../../src/core/errors.ts'
import type { Status } from '../../src/server/api.ts'
import { AnsweringAgent } from '../kit/answering-agent.ts'
import { ANSWERS, EVENTS, FINDINGS, STATUS, WHY, WHY_EXEC, WHY_UNKNOWN } from '../kit/answers.ts'
import { begin, ended, thymus } from '../kit/cli.ts'

describe('exit status', () => {
  test('2 where there is a finding at least as severe as --fail-on, else 0', async () => {
    await using agent = new AnsweringAgent()
    const findings = (severity: string | undefined) => ({
      items: severity === 'high' || severity === 'critical' ? FINDINGS.filter((each) => each.severity === 'high') : FINDINGS,
    })
    await agent.answer({ findings })
    const status = async (...words: string[]) => (await thymus(['finding', 'list', ...words], { env: agent.env })).status
    assert.equal(await status(), 0)
    assert.equal(await status('--fail-on', 'critical'), 0)
    assert.equal(await status('--fail-on', 'high'), 2)
    assert.equal(await status('--fail-on', 'info'), 2)
    assert.equal(await status('--severity', 'high', '--fail-on', 'low'), 2)
  })

  test('3 where policy why cannot tell; a denial that is told is 0', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({ why: (asked) => ('from' in asked && asked.from === 'web' ? WHY : WHY_UNKNOWN) })
    assert.equal((await thymus(['policy', 'why', 'web', 'db'], { env: agent.env })).status, 0)
    const { status, stdout } = await thymus(['policy', 'why', 'x', 'db'], { env: agent.env })
    assert.equal(status, 3)
    assert.match(stdout, /^it cannot be told$/m)
  })

  test('77 and the code where a privilege is missing, 1 for what else the agent refuses', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({
      policies: () => {
        throw new ThymusError('PRIVILEGE', 'user 7 may not ask this agent')
      },
      apply: async () => {
        throw new ThymusError('POLICY_FIELD', 'spec: unknown field\na.yaml:2:1: also', { at: 'a.yaml:1:1' })
      },
      status: async () => STATUS,
    })
    const list = await thymus(['policy', 'list'], { env: agent.env })
    assert.deepEqual([list.status, list.stderr], [77, 'thymus: PRIVILEGE: user 7 may not ask this agent\n'])
    const apply = await thymus(['apply', '-f', '-'], { env: agent.env, input: 'x' })
    assert.equal(apply.status, 1)
    assert.equal(apply.stderr, 'thymus: POLICY_FIELD: spec: unknown field (at a.yaml:1:1)\na.yaml:2:1: also\n')
  })

  test('130 where it is interrupted', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({
      async *events(_filter, signal) {
        yield EVENTS[0]!
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      },
    })
    const child = begin(['event', 'tail'], { env: agent.env })
    child.stdout!.once('data', () => child.kill('SIGINT'))
    assert.equal((await ended(child)).status, 130)
  })

  test('of a fault in the program itself is 1, with one line and no trace, and a trace if it is asked for', async () => {
    const socket = new AnsweringAgent()
    await using _ = socket
    const server = createServer((_request, response) => response.end('no JSON at all'))
    await new Promise<void>((resolve) => server.listen(socket.at.socket, resolve))
    const { status, stderr } = await thymus(['status'], { env: socket.env })
    assert.deepEqual([status, stderr], [1, 'thymus: INTERNAL: the agent answered with something that is not JSON\n'])
    const traced = await thymus(['status'], { env: { ...socket.env, THYMUS_DEBUG: '1' } })
    assert.match(traced.stderr, /\n {4}at .*client\.ts/)
    server.close()
  })
})

describe('without an agent', () => {
  test('the error says that nobody answers, where, and what starts one', async () => {
    await using agent = new AnsweringAgent()
    for (const words of [['status'], ['finding', 'list'], ['event', 'tail'], ['apply', '--confirm']]) {
      const { status, stderr } = await thymus(words, { env: agent.env })
      assert.equal(status, 1)
      assert.equal(stderr, `thymus: AGENT_DOWN: no agent answers; start one: thymus up (at ${agent.at.socket})\n`)
    }
  })

  test('one that ends while it answers is no answer', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({ status: () => new Promise<Status>(() => void agent.silence()) })
    const { status, stderr } = await thymus(['status'], { env: agent.env })
    assert.equal(status, 1)
    assert.match(stderr, /^thymus: AGENT_DOWN: the agent ended before it had answered/)
  })

  test('one that ends in the middle of a stream is told', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({
      async *events() {
        yield EVENTS[0]!
        await new Promise(() => {})
      },
    })
    const child = begin(['event', 'tail', '-o', 'ndjson'], { env: agent.env })
    child.stdout!.once('data', () => void agent.silence())
    const { status, stdout, stderr } = await ended(child)
    assert.equal(status, 1)
    assert.equal(stdout.trim().split('\n').length, 1)
    assert.match(stderr, /^thymus: AGENT_DOWN: /)
  })

  test('a code is explained all the same', async () => {
    await using agent = new AnsweringAgent()
    const { status, stdout } = await thymus(['explain', 'POLICY_FIELD'], { env: agent.env })
    assert.equal(status, 0)
    assert.match(stdout, /^POLICY_FIELD\n.*Nothing of the file was applied\.\n$/)
    for (const code of ['ADM_UNJUDGED', 'TPM_EK_CHAIN']) assert.equal((await thymus(['explain', code], { env: agent.env })).status, 0, code)
  })

  test('a socket in a folder of another user is not asked', async (t) => {
    if (process.getuid!() !== 0) return t.skip('needs root to give a folder away')
    const home = mkdtempSync(join(tmpdir(), 'thymus-cli-'))
    try {
      mkdirSync(join(home, 'run/mind'), { recursive: true })
      chownSync(join(home, 'run/mind'), 1234, 1234)
      const { status, stderr } = await thymus(['status'], { env: { ...process.env, THYMUS_HOME: home } })
      assert.equal(status, 77)
      assert.match(stderr, /the folder of the agent belongs to user 1234/)
    } finally {
      rmSync(home, { recursive: true })
    }
  })

  test('down is content that there is nothing to end', async () => {
    await using agent = new AnsweringAgent()
    const { status, stderr } = await thymus(['down'], { env: agent.env })
    assert.deepEqual([status, stderr], [0, 'no agent was running\n'])
  })
})

describe('what is asked of the agent', () => {
  test('is what the flags say', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer({
      ...ANSWERS,
      why: ({ gate }) => (gate === 'exec' ? WHY_EXEC : WHY),
      removeWorkload: async () => {},
      record: async () => {},
    })
    const file = join(agent.home, 'p.yaml')
    writeFileSync(file, 'a: ü\n')
    const digest = createHash('sha256').update('a: ü\n').digest('hex')
    const commands: readonly (readonly [words: readonly string[], what: string, ...withWords: unknown[]])[] = [
      [
        ['apply', '-f', file, '--enforce', '--confirm-within', '1.5m', '--dry-run'],
        'apply',
        { text: 'a: ü\n', file, mode: 'enforce', confirmWithinSeconds: 90, dryRun: true },
      ],
      [
        ['policy', 'why', 'web', '10.0.0.1', '--port', '53', '--protocol', 'udp'],
        'why',
        { gate: 'connect', from: 'web', to: '10.0.0.1', port: 53, protocol: 'UDP' },
      ],
      [['policy', 'why', 'web', '--bind', '--port', '80'], 'why', { gate: 'bind', from: 'web', port: 80, protocol: 'TCP' }],
      [['policy', 'why', 'web', '--exec', '/bin/sh'], 'why', { gate: 'exec', from: 'web', path: '/bin/sh' }],
      [['policy', 'why', '--module', `sha256:${digest.toUpperCase()}`], 'why', { gate: 'module', sha256: digest }],
      [['policy', 'why', '--module', file], 'why', { gate: 'module', sha256: digest, path: file }],
      [['policy', 'diff', '-f', file, '--shadow'], 'diff', { text: 'a: ü\n', file, mode: 'shadow' }],
      [['policy', 'delete', 'NetworkPolicy/default/a b'], 'deletePolicy', 'NetworkPolicy/default/a b'],
      [['workload', 'remove', 'web'], 'removeWorkload', 'default', 'web'],
      [['workload', 'remove', 'shop/web.1'], 'removeWorkload', 'shop', 'web.1'],
      [['explain', 'NET_DENIED-a/b?c=%2e#d'], 'explain', 'NET_DENIED-a/b?c=%2e#d'],
      [['finding', 'list', '--severity', 'low'], 'findings', 'low'],
      [['record', '--stop'], 'record', null],
      [['record', 'y.rec'], 'record', 'y.rec'],
    ]
    for (const [words, what, ...withWords] of commands) {
      agent.asked.length = 0
      const { status, stderr } = await thymus(words, { env: agent.env })
      assert.equal(status, 0, stderr)
      const asked = agent.asked.find((each) => each.what === what)
      assert.deepEqual(asked?.with.slice(0, withWords.length), withWords, words.join(' '))
    }
  })

  test('event tail filters, and follows unless told otherwise', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer(ANSWERS)
    await thymus(['event', 'tail', '--type', 'exec', '--workload', 'shop/web'], { env: agent.env })
    await thymus(['event', 'tail', '--no-follow', '--workload', 'web'], { env: agent.env })
    assert.deepEqual(
      agent.asked.map((each) => each.with[0]),
      [
        { type: 'exec', workload: 'shop/web', follow: true },
        { workload: 'default/web', follow: false },
      ],
    )
  })

  test('a policy file of four megabytes arrives whole', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer(ANSWERS)
    const text = '# ü\n'.repeat(1 << 20)
    const { status, stderr } = await thymus(['apply', '-f', '-'], { env: agent.env, input: text })
    assert.equal(status, 0, stderr)
    assert.equal((agent.asked.find(({ what }) => what === 'apply')!.with[0] as { text: string }).text, text)
  })
})
