// Makes src/cli/demo/recordings, which the demo replays where nothing can be enforced: in the lab, each act is played by the kernel while the
// agent records. Again whenever an act or the layout of an event changes. Everything that runs is recorded, so it is a machine of its own.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { places } from '../src/agent/places.ts'

const RECORDINGS = 'src/cli/demo/recordings'
const ACTS = ['1', '2']
/** Where the checkout is in the guest: what is recorded names files. */
const ELSEWHERE = '/opt/thymus'
const IN_GUEST = `mkdir -p ${ELSEWHERE} && mount --bind . ${ELSEWHERE} && cd ${ELSEWHERE} && exec bin/node tools/record-demo.ts`
const SECONDS = '3600'

process.chdir(join(import.meta.dirname, '..'))
if (process.env.THYMUS_LAB_GUEST === '1') recordInto('/out')
else {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-recordings-'))
  try {
    run('lab/lab', 'run', '--timeout', SECONDS, '--out', folder, '--', 'sh', '-c', IN_GUEST)
    mkdirSync(RECORDINGS, { recursive: true })
    for (const made of globSync(join(folder, '*.rec'))) writeFileSync(join(RECORDINGS, basename(made)), readFileSync(made)) // for all to read
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function recordInto(folder: string): void {
  start()
  for (const act of ACTS) {
    const name = `act-${act}.rec`
    run('bin/thymus', 'record', name)
    run('bin/thymus', 'demo', act)
    run('bin/thymus', 'record', '--stop')
    copyFileSync(join(places().state, name), join(folder, name))
  }
}

/** The agent, for as long as it takes: on an emulated machine that can be longer than `thymus up` waits. It ends with the machine. */
function start(): void {
  spawn('bin/node', ['src/agent/guard.ts'], { stdio: 'inherit', detached: true }).unref()
  while (spawnSync('bin/thymus', ['status'], { stdio: 'ignore' }).status !== 0);
}

function run(command: string, ...words: string[]): void {
  const { status } = spawnSync(command, words, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: status ${status}`)
}
