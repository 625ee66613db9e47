import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { placesOf, type Surroundings } from './places.ts'

const MACHINE = { unified: '/sys/fs/cgroup', checkout: '/opt/thymus', writable: () => true }
const ROOT: Surroundings = { ...MACHINE, uid: 0, env: { HOME: '/root' } }
const USER: Surroundings = { ...MACHINE, uid: 1000, env: { HOME: '/home/ada' } }

describe('where an instance keeps what it has', () => {
  test('root: the folders of the system', () => {
    const { state, run, pins, groups, instance } = placesOf(ROOT)
    assert.deepEqual(
      { state, run, pins, groups, instance },
      { state: '/var/lib/thymus', run: '/run/thymus', pins: '/sys/fs/bpf/thymus', groups: '/sys/fs/cgroup/thymus', instance: 'thymus' },
    )
  })

  test('THYMUS_HOME: everything below it, and a group of its own, so that two instances share nothing', () => {
    const one = placesOf({ ...ROOT, env: { THYMUS_HOME: '/tmp/one' } })
    const other = placesOf({ ...ROOT, env: { THYMUS_HOME: '/tmp/other/' } })
    const folders = ({ state, run, door, socket, lock, log, manifest, pins }: typeof one) => [
      state,
      run,
      door,
      socket,
      lock,
      log,
      manifest,
      pins!,
    ]
    for (const folder of folders(one)) assert.ok(folder.startsWith('/tmp/one/'), folder)
    for (const folder of folders(other)) assert.ok(folder.startsWith('/tmp/other/'), folder)
    assert.equal(one.groups, '/sys/fs/cgroup/thymus-one')
    assert.equal(other.groups, '/sys/fs/cgroup/thymus-other')
  })

  test('an ordinary user: the state folder that they have, no pins and no groups', () => {
    assert.equal(placesOf(USER).state, '/home/ada/.local/state/thymus/state')
    assert.equal(placesOf({ ...USER, env: { ...USER.env, XDG_STATE_HOME: '/data/state' } }).run, '/data/state/thymus/run')
    assert.equal(placesOf(USER).pins, null)
    assert.equal(placesOf(USER).groups, null)
    assert.equal(placesOf(USER).user, 1000)
  })

  test('an ordinary user who may write nowhere, or has no home: a folder in /tmp with their number', () => {
    assert.equal(placesOf({ ...USER, writable: () => false }).state, '/tmp/thymus-1000/state')
    assert.equal(placesOf({ ...USER, env: {} }).socket, '/tmp/thymus-1000/run/mind/api.sock')
  })

  test('the first folder that may be written is taken, not the first that is named', () => {
    const writable = (folder: string) => !folder.startsWith('/data')
    assert.equal(
      placesOf({ ...USER, writable, env: { ...USER.env, XDG_STATE_HOME: '/data' } }).state,
      '/home/ada/.local/state/thymus/state',
    )
  })

  test('no unified hierarchy: no groups, also for root', () => {
    assert.equal(placesOf({ ...ROOT, unified: undefined }).groups, null)
  })
})
