// Makes src/cli/demo/recordings/boot: in the lab, a node boots and presents evidence of it, and again with one more word on its command line; and
// the reference that is recorded of the first. Again whenever the form of evidence or of a reference changes.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BOOTS, NONCE } from '../src/cli/demo/boot-act.ts'

const FOLDER = 'src/cli/demo/recordings/boot'
/** Where the checkout is in the guest: what is measured has a path. */
const ELSEWHERE = '/opt/thymus'
const THERE = `mkdir -p ${ELSEWHERE} && mount --bind . ${ELSEWHERE} && cd ${ELSEWHERE}`
/** IMA measures what is executed from here on. */
const POLICY = 'echo "measure func=BPRM_CHECK" >/sys/kernel/security/ima/policy'
const COLLECT = `bin/thymus attest collect --about node-1 --nonce ${NONCE} -o json=/out/bundle.json -o table`
const GUEST = ['--tpm', '--secure-boot', '--cpus', '1']

process.chdir(join(import.meta.dirname, '..'))
const folder = mkdtempSync(join(tmpdir(), 'thymus-boots-'))
try {
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, append] of [
    [BOOTS.good, []],
    [BOOTS.changed, ['--append', 'init=/bin/sh']],
  ] as const) {
    // The command is the same: what the guest is told is part of what is measured.
    run('lab/lab', 'run', ...GUEST, ...append, '--out', folder, '--', 'sh', '-c', `${THERE} && ${POLICY} && exec ${COLLECT}`)
    copyFileSync(join(folder, 'bundle.json'), name)
  }
  run('bin/thymus', 'attest', 'record', BOOTS.good, '--vcpus', '1', '-o', `json=${BOOTS.reference}`, '-o', 'table')
} finally {
  rmSync(folder, { recursive: true })
}

function run(command: string, ...words: readonly string[]): void {
  const { status } = spawnSync(command, words, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: status ${status}`)
}
