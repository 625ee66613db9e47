// What self-restriction can do here is not told by a version: a process is made to forbid itself things, and is seen to be refused.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Confinement, UNCONFINED } from '../adapters/linux/confinement.ts'
import { landlockAbi } from '../adapters/linux/landlock/restrict.ts'
import type { Rung } from '../core/posture.ts'
import { PASS, unknown } from '../core/verdict.ts'
import { confinedCommand } from './confined-command.ts'

const DENIED: Confinement = {
  ...UNCONFINED,
  writable: [],
  executable: [process.execPath],
  tcpConnect: [],
  tcpBind: [],
  systemCalls: ['fileless', 'network'],
}

/** Asks for what is forbidden and prints the error of each, or `ok`. Port 9 (discard) is where nobody listens. */
const PROBES = `
const { spawnSync } = require('node:child_process'), { openSync } = require('node:fs'), net = require('node:net'), said = {};
const koffi = require(process.argv[1]), libc = koffi.load('libc.so.6');
const tcp = (name, socket, event) => new Promise((done) => { const end = (code) => { said[name] = code; socket.destroy?.(); socket.close?.(); done() }; socket.on('error', (e) => end(e.code)); socket.on(event, () => end('ok')) });
said.exec = spawnSync('/bin/sh', ['-c', ':']).error?.code ?? 'ok';
try { openSync(process.argv[2], 'w'); said.open = 'ok' } catch (e) { said.open = e.code }
said.memfd = libc.func('int memfd_create(const char *name, unsigned int flags)')('probe', 0) >= 0 ? 'ok' : Object.entries(koffi.os.errno).find(([, n]) => n === koffi.errno())[0];
(async () => { await tcp('connect', net.connect(9, '127.0.0.1'), 'connect'); await tcp('bind', net.createServer().listen(0, '127.0.0.1'), 'listening'); console.log(JSON.stringify(said)) })()
`

const GATES: readonly (readonly [gate: string, probe: string, rung: string, error: string])[] = [
  ['exec', 'exec', 'EACCES (Landlock, self-restricted)', 'EACCES'],
  ['exec, fileless', 'memfd', 'EPERM (seccomp, self-restricted)', 'EPERM'],
  ['open', 'open', 'EACCES (Landlock, self-restricted)', 'EACCES'],
  ['connect', 'connect', 'EACCES (Landlock, self-restricted, TCP ports)', 'EACCES'],
  ['bind', 'bind', 'EACCES (Landlock, self-restricted, TCP ports)', 'EACCES'],
]

/** One row per gate that was seen to refuse without any privilege; unknown with the reason where it did not. */
export function selfRestrictionTest(): Rung[] {
  const koffi = createRequire(import.meta.url).resolve('koffi')
  const folder = mkdtempSync(join(tmpdir(), 'thymus-probe-'))
  const { command } = confinedCommand(DENIED, [process.execPath, '-e', PROBES, koffi, join(folder, 'written')])
  const { stdout, stderr } = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8', timeout: 20_000 })
  rmSync(folder, { recursive: true })
  const said = saidBy(stdout)
  const { verdict } = landlockAbi()
  return GATES.map(([gate, probe, rung, error]) => {
    if (said[probe] === error) return { gate, rung, works: PASS }
    const why = verdict.is === 'unknown' ? `: ${verdict.why.text}` : ''
    return { gate, rung: 'none', works: unknown('NOT_SEEN', `what is forbidden got ${said[probe] ?? (stderr.trim() || 'nothing')}${why}`) }
  })
}

function saidBy(stdout: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(stdout) as Record<string, string>
  } catch {
    return {}
  }
}
