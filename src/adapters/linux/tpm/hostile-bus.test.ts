// Whoever sits on the bus learns no secret, and changes nothing that is believed.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Swtpm, startSwtpm, whyNoSwtpm } from '../../../../test/kit/swtpm.ts'
import { startTpmBus, type TpmBus } from '../../../../test/kit/tpm-bus.ts'
import { ThymusError } from '../../../core/errors.ts'
import { selectPcrs } from '../../../layers/hardware/tpm/abi/pcr-selection.ts'
import { prepare } from '../../../layers/hardware/tpm/command.ts'
import { NV, nvEntity, nvRead } from '../../../layers/hardware/tpm/commands/nv.ts'
import { entityOf, type Loaded } from '../../../layers/hardware/tpm/commands/objects.ts'
import { getRandom, lockParameters } from '../../../layers/hardware/tpm/commands/platform.ts'
import { unseal } from '../../../layers/hardware/tpm/commands/signing.ts'
import { fixed, HANDLE } from '../../../layers/hardware/tpm/entity.ts'
import { ATTRIBUTE, EMPTY } from '../../../layers/hardware/tpm/session.ts'
import { sealedData } from '../../../layers/hardware/tpm/templates.ts'
import { openChannel } from './channel.ts'
import { endorsementKey, protectedSession, type Trust } from './endorsement.ts'
import { createBlob, loadBlob } from './keys.ts'
import { defineNv, nvContents, nvPublicOf, undefineNv, writeNv } from './nv.ts'
import { readPcrs } from './pcrs.ts'
import { seal, unsealed } from './sealing.ts'
import { Tpm } from './tpm.ts'

const SECRET = Buffer.from('nobody on the bus shall read this')
const PASSWORD = Buffer.from('nor this password of the owner')
const NONE = Buffer.alloc(0)
/** TPM_CC_PCR_Read. */
const PCR_READ = 0x17e
/** A response that lies about its size is waited for; an emulator answers within a few milliseconds. */
const WITHIN = 100

describe('on a bus that somebody sits on', { skip: whyNoSwtpm() }, () => {
  let swtpm: Swtpm
  let bus: TpmBus
  let trust: Trust

  before(async () => {
    swtpm = await startSwtpm()
    bus = await startTpmBus(swtpm.path)
    await using tpm = await Tpm.open(bus.place)
    await tpm.run(lockParameters(fixed(HANDLE.lockout), 0x7fffffff, 1000, 1000), [EMPTY])
    await using own = await endorsementKey(tpm, 'p256')
    trust = { pins: [{ kind: 'p256', name: own.name }], roots: [], intermediates: [], now: Date.now() }
  })
  after(async () => {
    await bus[Symbol.asyncDispose]()
    await swtpm[Symbol.asyncDispose]()
  })

  test('neither what is sealed nor any password goes over it in clear', async () => {
    const from = bus.seen.length
    await using tpm = await Tpm.open(bus.place)
    const file = await seal(tpm, trust, { data: SECRET, policy: [], auth: PASSWORD.subarray(0, 30) })
    assert.deepEqual(await unsealed(tpm, trust, { file, auth: PASSWORD.subarray(0, 30) }), SECRET)
    await using held = await protectedSession(tpm, trust)
    const access = { auth: PASSWORD, session: held.session }
    const index = 0x01800030
    await defineNv(tpm, { index, nameHash: 0x000b, attributes: NV.authWrite | NV.authRead, authPolicy: NONE, size: SECRET.length }, access)
    await writeNv(tpm, index, SECRET, access)
    assert.deepEqual(await nvContents(tpm, await nvPublicOf(tpm, index), access), SECRET)
    await undefineNv(tpm, index)
    const all = Buffer.concat(bus.seen.slice(from).map(({ bytes }) => bytes))
    for (const piece of [SECRET, PASSWORD.subarray(0, 30)]) {
      for (let at = 0; at + 8 <= piece.length; at += 4)
        assert.ok(!all.includes(piece.subarray(at, at + 8)), `found ${piece.subarray(at, at + 8)}`)
    }
    assert.ok(all.length > 2000)
  })

  test('every bit of a protected answer that is flipped is found', async () => {
    await using fixture = await loaded()
    await using held = await protectedSession(fixture.tpm, trust)
    const channel = await openChannel(bus.place)
    const exchange = prepare(unseal(entityOf(fixture.key)), [held.session.use(ATTRIBUTE.encrypt)], randomBytes)
    const answer = await channel.exchange(exchange.bytes, WITHIN)
    await channel.close()
    const codes = new Set<string>()
    for (let bit = 0; bit < 8 * answer.length; bit++) {
      const changed = flipped(answer, bit)
      assert.throws(
        () => exchange.read(changed),
        (error) => error instanceof ThymusError && codes.add(error.code) !== undefined,
        `bit ${bit}`,
      )
    }
    for (let size = 0; size < answer.length; size++) {
      assert.throws(() => exchange.read(answer.subarray(0, size)), { code: 'FORMAT' }, `the first ${size} bytes`)
    }
    assert.throws(() => exchange.read(Buffer.concat([answer, Buffer.of(0)])), { code: 'FORMAT' })
    // A response code is proven by nothing: it can make a refusal of an answer, and never an answer of a refusal.
    assert.deepEqual([...codes].sort(), ['FORMAT', 'TPM_REFUSED', 'TPM_SESSION'])
    assert.deepEqual(exchange.read(answer), SECRET)
  })

  test('an answer that is changed on its way is not believed, and what it was about is flushed', async () => {
    for (const byte of [6, 20, -1]) {
      await using fixture = await loaded()
      await using held = await protectedSession(fixture.tpm, trust)
      flip('tpm', 8 * (byte < 0 ? fixture.size + byte : byte))
      const open = fixture.tpm.run(unseal(entityOf(fixture.key)), [held.session.use(ATTRIBUTE.encrypt)])
      await assert.rejects(open, { code: byte === 6 ? 'TPM_REFUSED' : 'TPM_SESSION' }, `byte ${byte}`)
      bus.meddle(undefined)
    }
  })

  test('an answer of another size than it says is none', { timeout: 60_000 }, async () => {
    for (const bit of [16, 23, 31, 39, 40, 41, 42, 43, 44, 45]) {
      const tpm = await Tpm.open(bus.place, { within: WITHIN })
      flip('tpm', bit)
      await assert.rejects(tpm.run(getRandomOf()), { code: /FORMAT|TPM_ABSENT/ }, `bit ${bit}`)
      bus.meddle(undefined)
      await tpm[Symbol.asyncDispose]()
    }
    function getRandomOf() {
      return { ...getRandom(8), secret: undefined } as unknown as ReturnType<typeof getRandom>
    }
  })

  test('every byte of a protected command that is changed is refused', async () => {
    await using fixture = await loaded()
    await using held = await protectedSession(fixture.tpm, trust)
    const open = () => fixture.tpm.run(unseal(entityOf(fixture.key)), [held.session.use(ATTRIBUTE.encrypt)])
    await open()
    const { length } = bus.seen.at(-2)!.bytes
    const answered: number[] = []
    for (let byte = 0; byte < length; byte++) {
      if (byte >= 2 && byte < 6) continue // the TPM would wait for the rest of the command
      flip('program', 8 * byte + (byte & 7))
      await open().then(
        () => answered.push(byte),
        (error) => assert.ok(error instanceof ThymusError, String(error)),
      )
      bus.meddle(undefined)
    }
    assert.deepEqual(answered, [])
    assert.deepEqual(await open(), SECRET) // the session has lived through it all
  })

  test('an answer of before is not taken for one of now', async () => {
    await using fixture = await loaded()
    const { tpm, key } = fixture
    await using held = await protectedSession(tpm, trust)
    const open = () => tpm.run(unseal(entityOf(key)), [held.session.use(ATTRIBUTE.encrypt)])
    await open()
    const old = bus.seen.at(-1)!.bytes
    bus.meddle(({ from, bytes }) => (from === 'tpm' ? old : bytes))
    await assert.rejects(open(), { code: 'TPM_SESSION' })
    bus.meddle(undefined)
  })

  test('an endorsement key that is another, or lies about its name, gets nothing', async () => {
    await using other = await startSwtpm()
    await using tpm = await Tpm.open(other.place)
    const before = (await tpm.handles(0x80000000)).length
    await assert.rejects(seal(tpm, trust, { data: SECRET, policy: [], auth: NONE }), { code: 'TPM_UNVERIFIED', message: /pinned/ })
    assert.equal((await tpm.handles(0x80000000)).length, before)

    await using meddled = await Tpm.open(bus.place)
    bus.meddle(({ from, bytes }) => {
      const at = bytes.indexOf(trust.pins[0]!.name)
      if (from === 'tpm' && at > 0) bytes[at + 5]! ^= 1
      return bytes
    })
    await assert.rejects(protectedSession(meddled, trust), { code: 'TPM_SESSION', message: /name/ })
    bus.meddle(undefined)
    assert.deepEqual(await meddled.handles(0x80000000), [])
  })

  test('PCRs and counters that are sealed to or signed are the TPM’s own, whatever the bus says', async () => {
    await using tpm = await Tpm.open(bus.place)
    await using held = await protectedSession(tpm, trust)
    const selection = [selectPcrs('sha256', [0])]
    assert.equal((await readPcrs(tpm, selection, held.session)).get('sha256')!.size, 1)
    let reads = false
    bus.meddle(({ from, bytes }) => {
      if (from === 'program') reads = bytes.readUInt32BE(6) === PCR_READ
      return from === 'tpm' && reads ? flipped(bytes, 8 * 50) : bytes
    })
    await assert.rejects(readPcrs(tpm, selection, held.session), { code: 'TPM_SESSION' })
    await assert.rejects(seal(tpm, trust, { data: SECRET, pcrs: selection[0], policy: [], auth: NONE }), { code: 'TPM_SESSION' })
    bus.meddle(undefined)
    await assert.rejects(seal(tpm, { ...trust, pins: [] }, { data: SECRET, pcrs: selection[0], policy: [], auth: NONE }), {
      code: 'TPM_UNVERIFIED',
    })
  })

  test('a password is proven without being sent, also where the bus answers for the TPM', async () => {
    await using tpm = await Tpm.open(bus.place)
    const area = { index: 0x01800031, nameHash: 0x000b, attributes: NV.authWrite | NV.authRead, authPolicy: NONE, size: 8 }
    await assert.rejects(tpm.run(nvRead(nvEntity(area, PASSWORD), nvEntity(area), 8, 0), [EMPTY]), {
      code: 'INTERNAL',
      message: /in clear/,
    })
  })

  async function loaded(): Promise<AsyncDisposable & { readonly tpm: Tpm; readonly key: Loaded; readonly size: number }> {
    const tpm = await Tpm.open(bus.place)
    await using held = await protectedSession(tpm, trust)
    const blob = await createBlob(tpm, sealedData(NONE), { data: SECRET }, { session: held.session })
    const key = await loadBlob(tpm, blob)
    await tpm.run(unseal(entityOf(key)), [held.session.use(ATTRIBUTE.encrypt)])
    return { tpm, key, size: bus.seen.at(-1)!.bytes.length, [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose]() }
  }

  /** Flips a bit of the next message of that side, and leaves the others. */
  function flip(side: 'program' | 'tpm', bit: number): void {
    let done = false
    bus.meddle(({ from, bytes }) => {
      if (done || from !== side) return bytes
      done = true
      return flipped(bytes, bit)
    })
  }
})

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}
