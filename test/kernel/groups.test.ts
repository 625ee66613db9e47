import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { dissolveGroup, makeGroup, processesOf, unifiedMount } from '../../src/adapters/linux/groups.ts'
import { printed } from '../kit/cli.ts'
import { needKernel } from '../kit/need-kernel.ts'

/** Eight that each fork all the time, for as long as somebody holds their stdin. */
const RESTLESS = `
echo 0 >"$0/cgroup.procs"
for each in 1 2 3 4 5 6 7 8; do while :; do /bin/true; done & done
echo ready
cat
kill $(jobs -p)`

test('a group is dissolved while its processes go on forking, and they live on in the other', async (t) => {
  if (!needKernel(t)) return
  const home = mkdtempSync(join(tmpdir(), 'thymus-groups-'))
  const above = join(unifiedMount()!, basename(home))
  const [group, into] = [join(above, 'left'), join(above, 'into')]
  t.after(async () => {
    while (processesOf(above).length > 0) await sleep(20) // the last of those that were forked
    for (const path of [group, into, above]) if (existsSync(path)) rmdirSync(path)
    rmdirSync(home)
  })
  makeGroup(into)
  for (let round = 0; round < 10; round++) {
    makeGroup(group)
    const child = spawn('bash', ['-c', RESTLESS, group])
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await printed(child, 'ready')
    try {
      dissolveGroup(group, into)
      assert.ok(!existsSync(group))
      assert.ok(processesOf(into).includes(child.pid!))
    } finally {
      child.stdin.end()
      assert.equal(await ended, 0)
    }
  }
})
