// A TPM that is restarted, shared, busy, locked, slow, or not one at all.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { heldBy, startSwtpm, whyNoSwtpm } from '../../../../test/kit/swtpm.ts'
import { startTpmBus } from '../../../../test/kit/tpm-bus.ts'
import { selectPcrs } from '../../../layers/hardware/tpm/abi/pcr-selection.ts'
import { createPrimary, entityOf } from '../../../layers/hardware/tpm/commands/objects.ts'
import { getRandom, handles, lockReset, pcrRead, startup } from '../../../layers/hardware/tpm/commands/platform.ts'
import { quote } from '../../../layers/hardware/tpm/commands/signing.ts'
import { fixed, HANDLE } from '../../../layers/hardware/tpm/entity.ts'
import { OWNER_ROOT } from '../../../layers/hardware/tpm/key-file.ts'
import { ATTRIBUTE, EMPTY } from '../../../layers/hardware/tpm/session.ts'
import { ENDORSEMENT, STORAGE_ROOT, signingKey } from '../../../layers/hardware/tpm/templates.ts'
import { endorsementKey, protectedSession, type Trust } from './endorsement.ts'
import { createBlob, loadBlob } from './keys.ts'
import { readPcrs } from './pcrs.ts'
import { seal, unsealed } from './sealing.ts'
import { Tpm } from './tpm.ts'

const NONE = Buffer.alloc(0)
const read = pcrRead([selectPcrs('sha256', [0])])
const root = createPrimary(fixed(HANDLE.owner), STORAGE_ROOT)

async function trustIn(tpm: Tpm): Promise<Trust> {
  await using own = await endorsementKey(tpm, 'p256')
  return { pins: [{ kind: 'p256', name: own.name }], roots: [], intermediates: [], now: Date.now() }
}

describe('a TPM', { skip: whyNoSwtpm() }, () => {
  test('that is reset knows no session and no key any more, and says so in words; what was sealed is still there', async () => {
    await using swtpm = await startSwtpm()
    await using tpm = await Tpm.open(swtpm.place)
    const trust = await trustIn(tpm)
    const file = await seal(tpm, trust, { data: Buffer.from('kept'), policy: [], auth: NONE })
    const held = await protectedSession(tpm, trust)
    const key = await loadBlob(tpm, await createBlob(tpm, signingKey('p256', true)))
    await swtpm.reset()
    await assert.rejects(tpm.run(read), { code: 'TPM_REFUSED', message: /INITIALIZE: the TPM has not been started/ })
    await tpm.run(startup())
    const random = tpm.run(getRandom(8), [held.session.use(ATTRIBUTE.encrypt)])
    await assert.rejects(random, {
      code: 'TPM_REFUSED',
      message: /session.*restarted, or another program flushed it: run the command again/,
    })
    const quoted = tpm.run(quote(entityOf(key), NONE, [selectPcrs('sha256', [0])]), [EMPTY])
    await assert.rejects(quoted, { code: 'TPM_REFUSED', message: /handle|REFERENCE_H0/i })
    assert.deepEqual(await unsealed(tpm, trust, { file, auth: NONE }), Buffer.from('kept'))
  })

  test('whose process ends is told from one that refuses; opened again it is as it was', async () => {
    await using swtpm = await startSwtpm()
    await using tpm = await Tpm.open(swtpm.place)
    await tpm.hold(root, [EMPTY])
    await swtpm.restart()
    await assert.rejects(tpm.run(read), { code: 'TPM_ABSENT' })
    await tpm[Symbol.asyncDispose]()
    await using again = await Tpm.open(swtpm.place)
    await again.run(read)
    assert.deepEqual(await again.handles(0x80000000), [])
  })

  test('that another program has filled up says whose fault it is, and the other keeps what it has', async () => {
    await using swtpm = await startSwtpm()
    await using bus = await startTpmBus(swtpm.path)
    await using other = await Tpm.open(bus.place)
    await using tpm = await Tpm.open(bus.place)
    const theirs = await Promise.all([1, 2, 3].map(() => other.hold(root, [EMPTY])))
    const before = await tpm.handles(0x80000000)
    assert.equal(before.length, theirs.length)
    await assert.rejects(tpm.run(root, [EMPTY]), { code: 'TPM_REFUSED', message: /OBJECT_MEMORY.*another program holds.*\/dev\/tpmrm0/ })
    await assert.rejects(createBlob(tpm, signingKey('p256', false)), { message: /OBJECT_MEMORY/ })
    assert.deepEqual(await tpm.handles(0x80000000), before)
    await theirs[0]![Symbol.asyncDispose]()
    await theirs[1]![Symbol.asyncDispose]()
    await using key = await loadBlob(tpm, await createBlob(tpm, signingKey('p256', false)), OWNER_ROOT)
    assert.ok(key.handle > 0)
  })

  test('is left as it was by a program that gives up in the middle', async () => {
    await using swtpm = await startSwtpm()
    await using tpm = await Tpm.open(swtpm.place)
    const reason = new Error('enough')
    const stop = new AbortController()
    const slow = tpm.run(createPrimary(fixed(HANDLE.endorsement), ENDORSEMENT.rsa3072.area), [EMPTY], { signal: stop.signal })
    const began = performance.now()
    setTimeout(() => stop.abort(reason), 5)
    await assert.rejects(slow, reason)
    assert.ok(performance.now() - began < 100)
    await tpm.run(read) // comes after the command that was given up
    assert.deepEqual(await tpm.handles(0x80000000), [])
    await assert.rejects(tpm.run(read, [], { signal: stop.signal }), reason)
  })

  test('is left as it was where everything is dropped at once', async () => {
    await using swtpm = await startSwtpm()
    const tpm = await Tpm.open(swtpm.place)
    const trust = await trustIn(tpm)
    await protectedSession(tpm, trust)
    await loadBlob(tpm, await createBlob(tpm, signingKey('p256', false)))
    const late = tpm.hold(root, [EMPTY]).catch((error) => error)
    const end = tpm[Symbol.asyncDispose]()
    await assert.rejects(tpm.run(read), { code: 'TPM_ABSENT' })
    await Promise.all([late, end])
    await using after = await Tpm.open(swtpm.place)
    assert.deepEqual(await heldBy(after), [])
  })

  test('that hangs is given up after a time, and so is the letting go of it', async () => {
    await using swtpm = await startSwtpm()
    const tpm = await Tpm.open(swtpm.place, { within: 150 })
    await tpm.hold(root, [EMPTY])
    swtpm.signal('SIGSTOP')
    const began = performance.now()
    await assert.rejects(tpm.run(read), { code: 'TPM_ABSENT', message: /no answer within 0.15 s/ })
    await assert.rejects(tpm.run(read), { code: 'TPM_ABSENT' })
    await tpm[Symbol.asyncDispose]()
    assert.ok(performance.now() - began < 1000)
    swtpm.signal('SIGCONT')
  })

  test('locks after three wrong passwords, says how it ends, and opens again by a reset', async () => {
    await using swtpm = await startSwtpm()
    await using tpm = await Tpm.open(swtpm.place)
    const trust = await trustIn(tpm)
    const file = await seal(tpm, trust, { data: Buffer.from('kept'), policy: [], auth: Buffer.from('right') })
    const open = (auth: string) => unsealed(tpm, trust, { file, auth: Buffer.from(auth) })
    for (let tries = 0; tries < 3; tries++) await assert.rejects(open('wrong'), { code: 'TPM_REFUSED', message: /AUTH_FAIL.*lockout show/ })
    await assert.rejects(open('right'), { code: 'TPM_LOCKED', message: /LOCKOUT.*lockout reset/ })
    await tpm.run(lockReset(fixed(HANDLE.lockout)), [EMPTY])
    assert.deepEqual(await open('right'), Buffer.from('kept'))
  })

  for (const [name, rc] of [
    ['RETRY', 0x922],
    ['YIELDED', 0x908],
    ['TESTING', 0x90a],
  ] as const) {
    test(`that answers ${name} is asked again, for a bounded time`, async () => {
      await using swtpm = await startSwtpm()
      await using bus = await startTpmBus(swtpm.path)
      await using tpm = await Tpm.open(bus.place, { patience: 200 })
      let left = 3
      bus.meddle(({ from, bytes }) => (from === 'tpm' && left-- > 0 ? refusal(rc) : bytes))
      await tpm.run(read)
      assert.equal(left, -1)
      left = Number.POSITIVE_INFINITY
      const began = performance.now()
      await assert.rejects(tpm.run(read), { code: 'TPM_REFUSED', message: new RegExp(`${name}.*try again`) })
      assert.ok(performance.now() - began < 1000)
      bus.meddle(undefined)
    })
  }
})

describe('what is no TPM', () => {
  test('is told by what there is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thymus-no-tpm-'))
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const device = (path: string) => Tpm.open({ kind: 'device', path }, { within: 500 })
    await assert.rejects(device(join(folder, 'none')), { code: 'TPM_ABSENT', message: /no such device/ })
    await assert.rejects(device(folder), { code: 'TPM_ABSENT' })
    for (const path of ['/dev/null', '/dev/zero', file]) {
      await using tpm = await device(path)
      await assert.rejects(tpm.run(read), { code: 'FORMAT' }, path)
      await assert.rejects(tpm.run(read), { code: 'FORMAT' })
    }
    await assert.rejects(Tpm.open({ kind: 'unix', path: join(folder, 'none') }), { code: 'TPM_ABSENT', message: /no such socket/ })
    await assert.rejects(Tpm.open({ kind: 'unix', path: file }), { code: 'TPM_ABSENT' })
    await assert.rejects(Tpm.open({ kind: 'tcp', host: '127.0.0.1', port: 1 }), { code: 'TPM_ABSENT' })
    rmSync(folder, { recursive: true })
  })

  const whole = (body: Buffer, size = 10 + body.length) => Buffer.concat([header(0x8001, size, 0), body])
  const HOSTILE: readonly (readonly [string, Buffer, RegExp])[] = [
    ['nothing', NONE, /TPM_ABSENT/],
    ['half a header', header(0x8001, 10, 0).subarray(0, 7), /TPM_ABSENT/],
    ['a size of less than a header', header(0x8001, 9, 0), /FORMAT/],
    ['a size of nothing', header(0x8001, 0, 0), /FORMAT/],
    ['a size of more than any answer', header(0x8001, 0xffffffff, 0), /FORMAT/],
    ['a size of one more than any answer', header(0x8001, 4097, 0), /FORMAT/],
    ['fewer bytes than it says', whole(Buffer.alloc(4), 100), /TPM_ABSENT/],
    ['more bytes than it says', whole(Buffer.alloc(400), 20), /FORMAT/],
    ['an answer that is too short for its command', whole(NONE), /FORMAT/],
    ['a count of more than follows', whole(Buffer.from('000000000100000000ffffffff', 'hex')), /FORMAT/],
    ['the tag of TPM 1.2', header(0x00c4, 10, 0), /FORMAT/],
    ['the tag of sessions where there were none', header(0x8002, 10, 0), /FORMAT/],
    ['a code that nobody knows', header(0x8001, 10, 0xdeadbeef), /TPM_REFUSED/],
    ['the code of TPM 1.2 for a wrong tag', header(0x00c4, 10, 0x1e), /TPM_REFUSED/],
  ]
  for (const [what, answer, code] of HOSTILE) {
    test(`${what} is an error, in bounded time`, async () => {
      await using device = await listening((socket) => {
        socket.once('data', () => socket.write(answer))
      })
      const began = performance.now()
      await assert.rejects(
        async () => {
          await using tpm = await Tpm.open(device.place, { within: 200 })
          await tpm.run(handles(0x80000000))
        },
        (error: Error & { code: string }) => code.test(error.code),
      )
      assert.ok(performance.now() - began < 1500)
    })
  }

  test('a list without an end has one, and PCRs that nobody asked for are no answer', async () => {
    await using device = await listening((socket) => {
      socket.on('data', (command: Buffer) => {
        const [code, first] = [command.readUInt32BE(6), command.length > 18 ? command.readUInt32BE(14) : 0]
        const many = Buffer.alloc(4 * 1000)
        for (let at = 0; at < 1000; at++) many.writeUInt32BE((first + at) >>> 0, 4 * at)
        const list = Buffer.concat([Buffer.from('0100000001000003e8', 'hex'), many])
        const pcrs = Buffer.from(`00000001${'00000001000b03000080'}${'00000001'}0020${'00'.repeat(32)}`, 'hex')
        socket.write(whole(code === 0x17e ? pcrs : list))
      })
    })
    await using tpm = await Tpm.open(device.place)
    await assert.rejects(tpm.handles(0x80000000), { code: 'FORMAT', message: /without an end/ })
    await assert.rejects(readPcrs(tpm, [selectPcrs('sha256', [0])]), { code: 'FORMAT', message: /other PCRs/ })
  })

  test('bytes that nobody asked for end the conversation', async () => {
    await using device = await listening((socket) => {
      socket.write(header(0x8001, 10, 0))
    })
    const opened = Tpm.open(device.place, { within: 200 })
    await assert.rejects(opened, { code: 'FORMAT' })
    await sleep(1)
  })
})

function header(tag: number, size: number, code: number): Buffer {
  const bytes = Buffer.alloc(10)
  bytes.writeUInt16BE(tag)
  bytes.writeUInt32BE(size >>> 0, 2)
  bytes.writeUInt32BE(code >>> 0, 6)
  return bytes
}

const refusal = (rc: number) => header(0x8001, 10, rc)

async function listening(serve: (socket: Socket) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-no-tpm-'))
  const path = join(folder, 'socket')
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((done) => server.listen(path, done))
  return {
    place: { kind: 'unix', path } as const,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
      rmSync(folder, { recursive: true })
    },
  }
}
