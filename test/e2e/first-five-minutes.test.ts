// The README's first five minutes, exactly as written: its blocks are typed into three shells, and each says what the README says.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { needKernel } from '../kit/need-kernel.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const COMMANDS = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1]!)
/** How the blocks after the first five minutes begin. */
const OTHERS = ['thymus run --name job', 'thymus rego eval', 'thymus rego serve', 'thymus scan', 'thymus attest'] as const
const blockOf = (begins: (typeof OTHERS)[number]) => COMMANDS.find((block) => block.startsWith(begins))!
const PATIENCE_MS = 20_000

/** One terminal: a shell that is typed into, and all that it showed. */
class Terminal {
  readonly #shell: ChildProcess
  #shown = ''
  #asked = 0

  constructor(env: NodeJS.ProcessEnv) {
    this.#shell = spawn('/bin/bash', ['--norc', '--noprofile'], { cwd: ROOT, env, stdio: 'pipe', detached: true })
    for (const stream of [this.#shell.stdout!, this.#shell.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#shown += text
      })
    }
  }

  /** Types a block, and waits until its last command has ended; yields what was shown meanwhile. */
  async type(block: string): Promise<string> {
    const mark = `that was ${++this.#asked}`
    const from = this.#shown.length
    this.#shell.stdin!.write(`${block}echo ${mark}\n`)
    await this.#until(() => this.#shown.slice(from).includes(mark), block)
    await sleep(100) // the other of the two streams
    return this.#shown.slice(from).replace(`${mark}\n`, '')
  }

  /** Types a command that does not end, and waits for what it shows first. */
  async start(block: string, first: RegExp): Promise<void> {
    this.#shell.stdin!.write(block)
    await this.#until(() => first.test(this.#shown), block)
  }

  /** As the terminal does it: to all that run in it. */
  interrupt(): void {
    process.kill(-this.#shell.pid!, 'SIGINT')
  }

  close(): void {
    try {
      process.kill(-this.#shell.pid!, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }

  async #until(reached: () => boolean, what: string): Promise<void> {
    for (const until = Date.now() + PATIENCE_MS; !reached(); await sleep(20)) {
      if (Date.now() > until) throw new Error(`${what.trim()} is not done; shown so far:\n${this.#shown}`)
    }
  }
}

const home = mkdtempSync(join(tmpdir(), 'thymus-'))
chmodSync(home, 0o755) // the mind is another user
const env = { ...process.env, THYMUS_HOME: home, PATH: `${join(ROOT, 'bin')}:${process.env.PATH}`, LC_ALL: 'C' }
const terminals: Terminal[] = []
const terminal = () => {
  const one = new Terminal(env)
  terminals.push(one)
  return one
}
after(() => {
  for (const each of terminals) each.close()
  if (process.getuid!() === 0) spawnSync(join(ROOT, 'bin/thymus'), ['down', '--purge'], { env })
  rmSync(home, { recursive: true, force: true })
})

test('the first five minutes are as the README says', async (t) => {
  if (!needKernel(t)) return
  if (!existsSync(join(ROOT, 'src/cli/main.ts'))) return t.skip('there is no command line in this checkout')
  const [, board, web, stranger, policy, again, why, payload, forbid, payloadAgain, end, ...rest] = COMMANDS
  assert.equal(rest.length, OTHERS.length, 'the README has other blocks than this test knows')
  const [first, second, third] = [terminal(), terminal(), terminal()]
  const up = spawnSync(join(ROOT, 'bin/thymus'), ['up'], { env, encoding: 'utf8' }) // what `make run` ends with
  assert.equal(up.status, 0, up.stderr)

  const shown = await third.type(board!)
  for (const layer of ['hardware', 'firmware', 'supply', 'admission', 'network', 'runtime', 'immunity'])
    assert.match(shown, new RegExp(`^ *${layer} `, 'm'))
  assert.match(shown, /EPERM/)
  assert.match(shown, /SIGKILL|EPERM \(LSM\)/)

  await first.start(web!, /default\/web in /)
  await listening()
  assert.match(await second.type(stranger!), /^connected$/m)

  const applied = await third.type(policy!)
  assert.match(applied, /NetworkPolicy\/default\/web +enforce/)
  assert.match(applied, /undone in \d+ s unless confirmed/)
  assert.match(applied, /^connected$/m)
  const refused = await second.type(again!)
  assert.match(refused, /connect: Operation not permitted/)
  assert.doesNotMatch(refused, /^connected$/m)

  const told = await third.type(why!)
  assert.match(told, /^denied$/m)
  assert.match(told, /nothing allows it; isolated by NetworkPolicy\/default\/web/)
  assert.match(told, /an ingress rule that allows default\/stranger on TCP\/8642/)
  assert.match(told, /^docs\/examples\/web\.yaml:7:/m)
  assert.match(told, /the change stays/)

  assert.match(await second.type(payload!), /^the payload ran$/m)
  assert.match(await third.type(forbid!), /WorkloadPolicy\/default\/fileless +enforce/)
  const stopped = await second.type(payloadAgain!)
  assert.doesNotMatch(stopped, /the payload ran/)
  assert.match(stopped, /Killed|execve: Operation not permitted/)

  first.interrupt()
  const ending = await third.type(end!)
  assert.match(ending, /Stopped: an image that is in no directory \(memfd:payload\)/)
  assert.match(ending, /default\/stranger +default\/web +TCP 8642 +denied/)
  assert.match(ending, /everything that Thymus made is gone/)
})

/** The server's own start takes a moment. */
async function listening(): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(50)) {
    const { status } = spawnSync('/bin/bash', ['-c', '(exec 3<>/dev/tcp/127.0.0.1/8642) 2>/dev/null'])
    if (status === 0) return
  }
  throw new Error('nobody listens on port 8642')
}

test('Rego answers and explains as the README says, without an agent', () => {
  const { stdout, stderr, status } = spawnSync('sh', ['-ec', blockOf('thymus rego eval')], { cwd: ROOT, env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /Pod web 缺少标签 env/)
  assert.match(stdout, /pods\.rego:5 {2}deny contains msg\n {4}fails at line 8: container\.securityContext\.privileged/)
})

test('Rego is served as the README says, without an agent', async (t) => {
  if (spawnSync('curl', ['--version']).status !== 0) return t.skip('there is no curl to ask with, as the README does')
  const [serve, ask] = blockOf('thymus rego serve').trimEnd().split('\n')
  const [server, client] = [terminal(), terminal()]
  await server.start(`${serve}\n`, /listening on http:/)
  assert.match(await client.type(`${ask}\n`), /^\{"decision_id":"[-\da-f]{36}","result":\[/m)
})

test('manifests are scanned and suites run as the README says, without an agent', () => {
  const { stdout, stderr, status } = spawnSync('sh', ['-ec', blockOf('thymus scan')], { cwd: ROOT, env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^deploy\/admission\/thymus\.yaml:\d+ /m)
  assert.match(stdout, /^ok +\d+ +0 +0 +policies\/admission\/baseline\/privileged\/suite\.yaml$/m)
})

test('evidence is collected and appraised as the README says: nothing is affirmed without a reference and a challenge', () => {
  const { stdout, stderr, status } = spawnSync('sh', ['-c', blockOf('thymus attest')], { cwd: home, env, encoding: 'utf8' })
  assert.equal(status, 3, stderr)
  assert.match(stdout, /tpm-quote/)
  assert.ok(existsSync(join(home, 'bundle.json')))
})
