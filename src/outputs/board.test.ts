import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import type { Layer } from '../core/finding.ts'
import type { LayerPosture } from '../core/posture.ts'
import { FAIL, PASS, unknown } from '../core/verdict.ts'
import type { Board } from './board.ts'
import { boardText } from './board.ts'
import type { Terminal } from './text.ts'
import { columnsOf } from './text.ts'

const AT_80: Terminal = { width: 80, colour: false, ascii: false }

const notBuilt = (layer: Layer, summary: string): LayerPosture => ({ layer, state: { is: 'not built' }, summary, rungs: [], checks: [] })
const BOARD: Board = {
  title: 'Thymus 0.1.0 on node-7, up since 12:04 UTC',
  layers: [
    notBuilt('hardware', 'TPM, SEV-SNP, TDX and SGX'),
    { ...notBuilt('firmware', 'the measured boot is not the approved one'), state: FAIL },
    notBuilt('supply', 'SBOM, vulnerabilities, signatures'),
    notBuilt('admission', ''),
    {
      layer: 'network',
      state: PASS,
      summary: '1 of 2 policies enforced on 3 workloads',
      checks: [],
      rungs: [
        { gate: 'connect', rung: 'cgroup/connect4, connect6: EPERM', works: PASS },
        { gate: 'accept', rung: 'cgroup_skb: packets are dropped', works: FAIL },
      ],
    },
    {
      layer: 'runtime',
      state: unknown('LSM_REFUSED', 'the kernel refuses LSM programs, so an execve is killed and not refused'),
      summary: 'exec events of the node; 0 exec policies enforced',
      checks: [],
      rungs: [
        { gate: 'exec', rung: 'lsm/bprm_check_security', works: unknown('EPERM', 'the kernel refused to load it (EPERM)') },
        { gate: 'exec', rung: 'SIGKILL before the first instruction', works: PASS },
      ],
    },
    notBuilt('immunity', 'baseline, anomaly, answer'),
  ],
  notices: ['the last change is undone at 12:05:31 unless it is confirmed: thymus apply --confirm'],
  next: { command: 'thymus run --name web --label app=web -- python3 -m http.server', does: 'starts a command with an identity' },
  undo: { command: 'thymus down --purge', does: 'leaves this machine as it was before' },
}

describe('the board', () => {
  test('at 80 columns', () => {
    assert.equal(
      boardText(BOARD, AT_80),
      `
  Thymus 0.1.0 on node-7, up since 12:04 UTC

  !  the last change is undone at 12:05:31 unless it is confirmed: thymus apply
     --confirm

  hardware   · not built  TPM, SEV-SNP, TDX and SGX
  firmware   ✗ fail       the measured boot is not the approved one
  supply     · not built  SBOM, vulnerabilities, signatures
  admission  · not built
  network    ✓ pass       1 of 2 policies enforced on 3 workloads
  runtime    ? unknown    exec events of the node; 0 exec policies enforced: the
                          kernel refuses LSM programs, so an execve is killed
                          and not refused
  immunity   · not built  baseline, anomaly, answer

  What can be stopped here, and by what

  connect    ✓ pass       cgroup/connect4, connect6: EPERM
  accept     ✗ fail       cgroup_skb: packets are dropped
  exec       ? unknown    lsm/bprm_check_security: the kernel refused to load it
                          (EPERM)
             ✓ pass       SIGKILL before the first instruction

  next       thymus run --name web --label app=web -- python3 -m http.server
             starts a command with an identity
  undo       thymus down --purge
             leaves this machine as it was before

`,
    )
  })

  test('where nothing can be stopped and nothing is to be said, there is no empty part', () => {
    const layers = BOARD.layers.map((layer) => ({ ...layer, rungs: [] }))
    const text = boardText({ ...BOARD, layers, notices: [] }, AT_80)
    assert.doesNotMatch(text, /stopped here|!|\n\n\n./)
  })

  test('says the same in colour, and in ASCII alone', () => {
    const coloured = boardText(BOARD, { ...AT_80, colour: true })
    assert.ok(coloured.includes('\u001b[32m✓ pass\u001b[0m') && coloured.includes('\u001b[1;31m✗ fail\u001b[0m'))
    assert.equal(stripVTControlCharacters(coloured), boardText(BOARD, AT_80))
    assert.match(boardText(BOARD, { ...AT_80, ascii: true }), /^[\x20-\x7e\n]*$/)
  })

  test('fits the terminal whatever a layer has to say, but for commands, which are never broken', () => {
    const words = fc.string({ unit: fc.constantFrom('a', 'b ', '日', '\u001b', '\n'), maxLength: 300 })
    fc.assert(
      fc.property(words, words, fc.integer({ min: 60, max: 200 }), (summary, why, width) => {
        const layers = [{ ...BOARD.layers[5]!, summary, state: unknown('X', why) }]
        const text = boardText({ ...BOARD, layers, notices: [why], title: 'T' }, { ...AT_80, width })
        for (const line of text.split('\n')) {
          if (!line.includes(BOARD.next.command)) assert.ok(columnsOf(line) <= width, line)
        }
        assert.doesNotMatch(text, /\u001b/)
      }),
    )
  })

  test('is not cut into lines where there is no terminal', () => {
    const text = boardText(BOARD, { ...AT_80, width: undefined })
    assert.ok(text.includes('0 exec policies enforced: the kernel refuses LSM programs, so an execve is killed and not refused\n'))
  })
})
