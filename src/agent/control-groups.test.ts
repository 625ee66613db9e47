import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RulePlane } from '../engine/rule-plane/plane.ts'
import { SlotAllocator } from '../engine/rule-plane/slots.ts'
import { Control } from './control.ts'

test('a control group is the group of one workload, however its path is spelt', async () => {
  const asked: string[] = []
  const group = (path: string) => ({ path, id: BigInt(asked.length), netns: null, addresses: [] })
  const parts = {
    plane: new RulePlane({ swap: async () => {}, amend: async () => {} }),
    slots: new SlotAllocator(),
    groups: {
      start: async (_: number, name: string) => group(`/groups/${name}`),
      adopt: async (_: number, path: string) => {
        asked.push(path)
        return group(path)
      },
      stop: async () => {},
      sweep: async () => 0,
    },
    memory: { savePolicies() {}, saveWorkload() {}, dropWorkload() {} },
  }
  const control = new Control(parts, { held: new Map(), namespaces: new Map() }, [])
  const start = (name: string, cgroup?: string) =>
    control.start({ name, namespace: 'default', labels: {}, ...(cgroup === undefined ? {} : { cgroup }) })
  await start('web', '/web.service')
  await start('own')
  for (const [cgroup, holder] of [
    ['/web.service', 'web'],
    ['/web.service/', 'web'],
    ['/groups/default.own', 'own'],
  ] as const) {
    await assert.rejects(start('again', cgroup), {
      code: 'GROUP_TAKEN',
      message: `the control group is that of workload default/${holder}`,
    })
  }
  assert.deepEqual(asked, ['/web.service'], 'the guard was asked to take it')
  await start('inside', '/web.service/inside')
  await control.remove('default', 'web')
  await start('again', '/web.service')
  await start('guest', '/groups/default.own/guest')
  await assert.rejects(control.remove('default', 'own'), { code: 'GROUP_TAKEN', message: /default\/guest is in it/ })
  await control.remove('default', 'guest')
  await control.remove('default', 'own')
})
