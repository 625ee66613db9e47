// A real container, made by runc, becomes a workload while it runs: what it executes, what it connects to, and what it has open already.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { recognise } from '../../src/formats/cgroup-path.ts'
import type { ApplyResult, WorkloadSummary } from '../../src/server/api.ts'
import { Agent } from '../kit/agent.ts'
import { needKernel, whyNoKernel } from '../kit/need-kernel.ts'

const ID = randomBytes(32).toString('hex')
const PEER_PORT = 7001
const OWN_PORT = 7002
const POLICY = `
apiVersion: thymus.dev/v1
kind: WorkloadPolicy
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  mode: enforce
  exec:
    rules:
      - {effect: deny, path: /usr/bin/id}
  connect: {default: deny}
  accept:
    rules:
      - {effect: deny, peers: [{workloads: {selector: {matchLabels: {app: client}}}}]}
`
/** Holds a connection and a listening socket, and says on its output what becomes of the connection. */
const MAIN = `
const net = require('node:net')
net.createServer((socket) => socket.end('welcome')).listen(${OWN_PORT}, '127.0.0.1')
const dial = () => {
  const socket = net.connect(${PEER_PORT}, '127.0.0.1')
  let open = false
  socket.on('connect', () => { open = true; console.log('open'); setInterval(() => socket.write('x'), 20).unref() })
  socket.on('error', ({ code }) => open ? console.log('cut ' + code) : setTimeout(dial, 50))
  socket.on('close', () => open && console.log('closed'))
}
dial()`
const PEER = `require('node:net').createServer((socket) => socket.on('error', () => {}).resume()).listen(${PEER_PORT}, '127.0.0.1', () => console.log('listening'))`

let agent: Agent
let peer: ChildProcess
let folder: string
let group: string
let parent: string

function why(): string | undefined {
  return whyNoKernel() ?? (spawnSync('runc', ['--version']).status === 0 ? undefined : 'runc is not installed')
}

function runc(...words: string[]) {
  return spawnSync('runc', ['--root', join(folder, 'runc'), ...words], { encoding: 'utf8', timeout: 20_000, cwd: folder })
}

/** Runs a command in the container, as its operator would. */
function inside(...command: string[]) {
  return runc('exec', '--cwd', '/', ID, ...command)
}

function connects() {
  return inside('/bin/bash', '-c', `: </dev/tcp/127.0.0.1/${PEER_PORT}`)
}

/** A command of the host in the network of the container, in a group of our choice. */
function beside(where: string, ...command: string[]) {
  const enter = 'echo 0 >"$0/cgroup.procs" && exec nsenter -n -t "$@"'
  return spawnSync('/bin/sh', ['-c', enter, where, pid(), ...command], { encoding: 'utf8', timeout: 10_000 })
}

function pid(): string {
  return readFileSync(join(folder, 'pid'), 'utf8')
}

async function says(words: RegExp): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 10_000; await sleep(30)) {
    if (words.test(readFileSync(join(folder, 'output'), 'utf8'))) return
  }
  assert.match(readFileSync(join(folder, 'output'), 'utf8'), words)
}

describe('a container of runc', () => {
  before(async () => {
    if (why() !== undefined) return
    agent = new Agent()
    folder = join(agent.home, 'bundle')
    parent = `/thymus-container-${basename(agent.home)}`
    group = join(unifiedMount()!, parent, `docker-${ID}.scope`)
    await agent.up()
    makeBundle()
    const output = openSync(join(folder, 'output'), 'w')
    // Not spawnSync with pipes: the container would hold them open.
    const started = spawnSync('runc', ['--root', join(folder, 'runc'), 'run', '-d', '--pid-file', join(folder, 'pid'), ID], {
      cwd: folder,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    assert.equal(started.status, 0, readFileSync(join(folder, 'output'), 'utf8'))
    peer = spawn('nsenter', ['-n', '-t', pid(), process.execPath, '-e', PEER], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(peer.stdout!, 'data')
  })
  after(async () => {
    peer?.kill('SIGKILL')
    if (folder) runc('delete', '--force', ID)
    await agent?.down()
    if (parent) removeGroups()
  })

  test('is free before it is a workload, in a group that tells who it is', async (t) => {
    if (!need(t)) return
    await says(/^open$/m)
    assert.ok(existsSync(group), 'runc did not place it in the unified hierarchy')
    assert.deepEqual(recognise(join(parent, basename(group))), { manager: 'docker', container: ID })
    assert.match(inside('/usr/bin/id').stdout, /^uid=0/)
    assert.equal(connects().status, 0)
  })

  test('adopted, it obeys the policy from inside, and the connection that it had open is cut', async (t) => {
    if (!need(t)) return
    const adopted = await agent.post<WorkloadSummary>('/v1/workloads', {
      name: 'shop',
      namespace: 'default',
      labels: { app: 'shop' },
      cgroup: group,
    })
    assert.deepEqual([adopted.cgroup, adopted.owned, adopted.processes], [group, false, 1])
    assert.equal(connects().status, 0) // and meanwhile a packet has told the direction of the connection from before
    const applied = await agent.post<ApplyResult>('/v1/policies', { text: POLICY, file: 'shop.yaml' })
    assert.deepEqual(applied.warnings, [])
    assert.ok(applied.cut >= 1, 'the open connection was left')
    await says(/^cut E|^closed$/m)
    const id = inside('/usr/bin/id')
    assert.notEqual(id.status, 0)
    assert.equal(id.stdout, '')
    assert.match(connects().stderr, /Operation not permitted/)
    assert.equal(inside('/usr/bin/true').status, 0)
  })

  test('the socket that listened already turns away whom the policy denies, and nobody else', async (t) => {
    if (!need(t)) return
    const client = await agent.post<WorkloadSummary>('/v1/workloads', { name: 'client', namespace: 'default', labels: { app: 'client' } })
    const friend = await agent.post<WorkloadSummary>('/v1/workloads', { name: 'friend', namespace: 'default', labels: { app: 'friend' } })
    const dial = `cat </dev/tcp/127.0.0.1/${OWN_PORT}`
    assert.equal(beside(friend.cgroup, '/bin/bash', '-c', dial).stdout, 'welcome')
    const refused = beside(client.cgroup, 'timeout', '3', '/bin/bash', '-c', dial)
    assert.notEqual(refused.status, 0)
    assert.equal(refused.stdout, '')
  })

  test('removed, it is free again and still runs', async (t) => {
    if (!need(t)) return
    await agent.delete('/v1/workloads/default/shop')
    assert.match(inside('/usr/bin/id').stdout, /^uid=0/)
    assert.equal(connects().status, 0)
    const shown = spawnSync('bpftool', ['-j', 'cgroup', 'show', group], { encoding: 'utf8' })
    assert.ok(['', '[]'].includes(shown.stdout.trim()), shown.stdout)
  })
})

function need(t: Parameters<typeof needKernel>[0]): boolean {
  if (!needKernel(t)) return false
  const reason = why()
  if (reason !== undefined) t.skip(reason)
  return reason === undefined
}

/** A root file system of a few of the host's programs with their libraries, and a configuration with namespaces of its own. */
function makeBundle(): void {
  const root = join(folder, 'rootfs')
  for (const name of ['proc', 'dev', 'sys', 'usr/bin']) mkdirSync(join(root, name), { recursive: true })
  const node = process.execPath
  for (const [from, to] of [
    ['/bin/bash', '/bin/bash'],
    ['/usr/bin/id', '/usr/bin/id'],
    ['/usr/bin/true', '/usr/bin/true'],
    [node, '/usr/bin/node'],
  ] as const) {
    copyInto(root, from, to)
    const libraries = execFileSync('ldd', [from], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)
    for (const [, library] of libraries) copyInto(root, library!, library!)
  }
  execFileSync('runc', ['spec'], { cwd: folder })
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
  config.process.terminal = false
  config.process.args = ['/usr/bin/node', '-e', MAIN]
  config.linux.cgroupsPath = join(parent, basename(group))
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
}

function copyInto(root: string, from: string, to: string): void {
  mkdirSync(join(root, dirname(to)), { recursive: true })
  copyFileSync(from, join(root, to))
}

/** runc removes the container's groups and leaves those above; on a hybrid machine they are in every hierarchy. */
function removeGroups(): void {
  const above = dirname(unifiedMount()!)
  const mounts = [unifiedMount()!, ...readdirSync(above).map((name) => join(above, name))]
  for (const mount of mounts) if (existsSync(join(mount, parent))) rmdirSync(join(mount, parent))
  rmSync(folder, { recursive: true, force: true })
}
