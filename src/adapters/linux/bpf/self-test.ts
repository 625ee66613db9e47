// Whether a hook stops anything is not told by its file, its version or its loading: each rung is made to deny something in a scratch
// workload, and is seen to. The scratch instance is the real code with maps of its own, so no policy in force is touched.
import { spawnSync } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { realpathSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Rung } from '../../../core/posture.ts'
import { PASS, unknown, type Verdict } from '../../../core/verdict.ts'
import {
  DIGEST_PATH,
  GATE_NUMBER,
  IDENTITY,
  NODE_SLOT,
  PROTOCOL_NUMBER,
  type Tables,
  type TrafficEntry,
} from '../../../engine/rule-plane/tables.ts'
import { dissolveGroup, groupId, inGroup, makeGroup, unifiedMount } from '../groups.ts'
import { moduleError } from '../system.ts'
import { Kernel } from './kernel.ts'
import { encodeTables } from './tables.ts'

const SLOT = 1
const IDENTITY_OF_SCRATCH = IDENTITY.first
/** Asks for what the policy denies and prints the error code of each, or `ok`. Port 9 (discard) is where nobody listens. */
const PROBES = `
const net = require('node:net'), dgram = require('node:dgram'), said = {};
const tcp = (name, host) => new Promise((done) => { const s = net.connect(9, host); s.on('error', (e) => { said[name] = e.code; done() }); s.on('connect', () => { said[name] = 'ok'; s.destroy(); done() }) });
const udp = (name, type, host) => new Promise((done) => { const s = dgram.createSocket(type); s.send('x', 9, host, (e) => { said[name] = e ? e.code : 'ok'; s.close(); done() }) });
const bind = () => new Promise((done) => { const s = net.createServer(); s.on('error', (e) => { said.bind = e.code; done() }); s.listen(0, '127.0.0.1', () => { said.bind = 'ok'; s.close(); done() }) });
(async () => { await tcp('connect4', '127.0.0.1'); await tcp('connect6', '::1'); await udp('sendmsg4', 'udp4', '127.0.0.1'); await udp('sendmsg6', 'udp6', '::1'); await bind(); console.log(JSON.stringify(said)) })()
`

/** One row per gate with the rung that was seen to deny; unknown with the reason where none was. Cleans up after itself. */
export function selfTest(at: {
  readonly pins: string | null
  readonly groups: string | null
  readonly objects: string
  readonly run: string
}): Rung[] {
  const places = { pins: join(at.pins!, 'self-test'), objects: at.objects, manifest: join(at.run, 'self-test.json') }
  const group = join(at.groups!, 'self-test')
  let kernel: Kernel | undefined
  try {
    kernel = Kernel.up(places)
    makeGroup(group)
    kernel.attachGroup(groupId(group), group)
    kernel.setGroup(groupId(group), SLOT)
    const denied = randomBytes(64) // so that nobody has a rule for it
    kernel.tables.swap(1, encodeTables(tables(realpathSync('/bin/true'), denied)), [])
    const refusal = kernel.rungs().find(({ rung }) => rung === 'refused')?.works
    return [execRung(group, refusal), ...socketRungs(group), moduleRung(kernel, denied, at.run, refusal)]
  } catch (error) {
    return [{ gate: 'all', rung: 'none', works: unknown('SELF_TEST', String(error)) }]
  } finally {
    kernel?.close()
    Kernel.purge(places)
    dissolveGroup(group, unifiedMount()!)
  }
}

function execRung(group: string, lsm: Verdict | undefined): Rung {
  const [file, ...words] = inGroup(group, ['/bin/true'])
  const { status, signal, stderr } = spawnSync(file, words, { encoding: 'utf8', env: { LC_ALL: 'C' } })
  if (status === 126 && stderr.includes('not permitted')) return { gate: 'exec', rung: 'EPERM (LSM)', works: PASS }
  if (signal === 'SIGKILL') {
    const why = lsm?.is === 'unknown' ? `; LSM programs are refused here` : ''
    return { gate: 'exec', rung: `SIGKILL before the first instruction${why}`, works: PASS }
  }
  return { gate: 'exec', rung: 'none', works: unknown('NOT_SEEN', `a denied image ran: status ${status}, signal ${signal}`) }
}

/**
 * A file that is no module is refused, and the scratch instance has told of it: a kernel or a policy that is in force may have reasons of its own. Of
 * programs at one hook the newest is asked first, so what is in force does not hear of it. No module of the node is touched.
 */
function moduleRung(kernel: Kernel, denied: Buffer, folder: string, lsm: Verdict | undefined): Rung {
  const file = join(folder, 'self-test.ko')
  writeFileSync(file, denied)
  try {
    const error = moduleError(file)
    const told = kernel.counters().some(({ program, issued }) => program === 'module' && issued > 0)
    if (error === constants.errno.EPERM && told) return { gate: 'module', rung: 'EPERM (LSM)', works: PASS }
    const why = told ? 'it was told' : 'nothing was told'
    return {
      gate: 'module',
      rung: 'none',
      works:
        lsm === undefined
          ? unknown('NOT_SEEN', `what policy denies got error ${error}, and ${why}`)
          : unknown('HOOK_REFUSED', 'LSM programs are refused here'),
    }
  } finally {
    rmSync(file)
  }
}

function socketRungs(group: string): Rung[] {
  const [file, ...words] = inGroup(group, [process.execPath, '-e', PROBES])
  const { stdout, stderr } = spawnSync(file, words, { encoding: 'utf8' })
  const said = stdout === '' ? {} : (JSON.parse(stdout) as Record<string, string>)
  return ['connect4', 'connect6', 'sendmsg4', 'sendmsg6', 'bind'].map((gate) => {
    if (said[gate] === 'EPERM' || said[gate] === 'EACCES') return { gate, rung: 'EPERM', works: PASS }
    const got = said[gate] ?? (stderr.trim().split('\n').at(-1) || 'nothing')
    return { gate, rung: 'none', works: unknown('NOT_SEEN', `what policy denies got: ${got}`) }
  })
}

function tables(denied: string, module: Buffer): Tables {
  const rule = { cookie: 1, rank: 1, effect: 'deny', report: false } as const
  const traffic = (gate: TrafficEntry['gate'], part: Pick<TrafficEntry, 'protocol' | 'bits'>): TrafficEntry => ({
    ...rule,
    ...part,
    subject: IDENTITY_OF_SCRATCH,
    peer: IDENTITY.any,
    gate,
    trial: false,
    port: 0,
  })
  const gates = (1 << GATE_NUMBER.connect) | (1 << GATE_NUMBER.bind) | (1 << GATE_NUMBER.exec)
  return {
    subjects: [
      { slot: NODE_SLOT, identity: IDENTITY.host, enforcedGates: 1 << GATE_NUMBER.module, trialGates: 0, plainGates: 0 },
      { slot: SLOT, identity: IDENTITY_OF_SCRATCH, enforcedGates: gates, trialGates: 0, plainGates: gates },
    ],
    places: [],
    // Only TCP for bind: Node binds a datagram socket before it sends.
    traffic: [traffic('connect', { protocol: 0, bits: 0 }), traffic('bind', { protocol: PROTOCOL_NUMBER.TCP, bits: 8 })],
    paths: [
      { ...rule, subject: IDENTITY_OF_SCRATCH, trial: false, path: denied, whole: true },
      { ...rule, subject: IDENTITY.host, gate: 'module', trial: false, path: `${DIGEST_PATH}${hash('sha256', module)}`, whole: true },
    ],
    reasons: new Map(),
  }
}
