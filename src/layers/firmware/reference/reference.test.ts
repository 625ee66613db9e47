import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { certificate, commonName, newPair } from '../../../../test/kit/certificates.ts'
import { type BootRequest, eventLog, linuxBoot, type MadeEvent, separator, signatureList } from '../../../../test/kit/event-log.ts'
import { ownTime } from '../../../../test/kit/own-time.ts'
import { peImage, signImage } from '../../../../test/kit/pe-image.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { imageDigest, readImage } from '../../../formats/pe/image.ts'
import { type EventLog, parseEventLog } from '../tcg-log/event-log.ts'
import { EV } from '../tcg-log/event-types.table.ts'
import { replay } from '../tcg-log/replay.ts'
import { checkReference, compareBoot } from './checks.ts'
import { readReference, recordBoot, referenceFor, settled } from './reference.ts'
import { allowUpdate } from './update.ts'

const vendor = certificate({ subject: 'Vendor CA', key: newPair() })
const successor = certificate({ subject: 'Vendor CA 2', key: newPair() })
const logOf = (events: readonly MadeEvent[]) => parseEventLog(eventLog(events))
const boot = (request: BootRequest = {}) => logOf(linuxBoot({ db: [vendor], ...request }))
const golden = recordBoot(boot(), 'sha256')
const told = (log: EventLog) => compareBoot(golden, log).words.map(({ register, text }) => `${register} ${text}`)

describe('a recorded boot', () => {
  test('is a document that is read back as it was', () => {
    assert.deepEqual(readReference(JSON.parse(JSON.stringify(golden))), golden)
    assert.deepEqual(golden.platform, { firmware: 'Made 1.0', secureBoot: true })
  })

  test('that is damaged is refused, with the place', () => {
    for (const [change, at] of [
      [{ apiVersion: 'v2' }, 'apiVersion'],
      [{ bank: 'md5' }, 'bank'],
      [{ measurements: [{ ...golden.measurements[0]!, allowed: [] }] }, 'measurements[0].allowed'],
      [{ extra: 1 }, 'extra'],
    ] as const) {
      assert.throws(() => readReference({ ...golden, ...change }), { code: 'REFERENCE', at })
    }
    assert.throws(() => readReference(undefined), { code: 'REFERENCE' })
  })

  test('is met by the same boot alone: it differs exactly in the registers that do', () => {
    const text = fc.constantFrom('a', 'b')
    const request = fc.record({
      shim: text,
      grub: text,
      kernel: text,
      initrd: text,
      grubCfg: text,
      commandLine: text,
      secureBoot: fc.boolean(),
    })
    fc.assert(
      fc.property(request, request, (one, other) => {
        const [before, after] = [boot(one), boot(other)]
        const [held, found] = [replay(before, 'sha256'), replay(after, 'sha256')]
        const differing = [...held].flatMap(([register, value]) => (found.get(register)?.equals(value) ? [] : [register]))
        assert.deepEqual(compareBoot(recordBoot(before, 'sha256'), after).registers, differing)
      }),
      { numRuns: 60 },
    )
  })
})

describe('what differs is said in words', () => {
  test('that name what changed', () => {
    for (const [request, words] of [
      [
        { commandLine: '/vmlinuz root=/dev/vda ro init=/bin/sh' },
        ["8 GRUB's command `linux` gained `init=/bin/sh`.", '8 The kernel command line gained `init=/bin/sh`.'],
      ],
      [
        { commandLine: '/vmlinuz root=/dev/vdb' },
        [
          "8 GRUB's command `linux` gained `root=/dev/vdb` and lost `root=/dev/vda` `ro`.",
          '8 The kernel command line gained `root=/dev/vdb` and lost `root=/dev/vda` `ro`.',
        ],
      ],
      [
        { commandLine: '/vmlinuz ro root=/dev/vda' },
        [
          "8 GRUB's command `linux` has its words in another order: `linux /vmlinuz ro root=/dev/vda`.",
          '8 The kernel command line has its words in another order: `/vmlinuz ro root=/dev/vda`.',
        ],
      ],
      [{ grubCfg: 'other' }, ['9 The file (hd0,gpt1)/EFI/debian/grub.cfg has other contents.']],
      [{ initrd: 'other' }, ['9 The file /initrd.img has other contents.']],
      [{ dbx: [1, 2, 3, 4].map((byte) => Buffer.alloc(32, byte)) }, ['7 dbx was updated: 4 hashes more, 1 hash fewer.']],
      [{ sbatLevel: 'sbat,1,2024010900\n' }, ["7 shim's variable SbatLevel gained `sbat,1,2024010900` and lost `sbat,1,2025021800`."]],
    ] as const) {
      assert.deepEqual(told(boot(request)), words)
    }
    assert.match(
      told(boot({ grub: 'evil' })).join(),
      /^4 GRUB was replaced by an image that nobody recorded \(the log says from `\\EFI\\debian\\grubx64.efi`\)/,
    )
    assert.match(told(boot({ secureBoot: false })).join('\n'), /^7 Secure Boot is off; it was on\.$/m)
    assert.match(
      told(boot({ firmware: 'Made 1.1' })).join('\n'),
      /^0 The version of the firmware gained `1\.1` and lost `1\.0`\.\n0 A part of the firmware is another one\.$/m,
    )
    assert.deepEqual(
      told(boot({ db: [vendor, successor] })).filter((text) => text.includes('db ')),
      ['7 db was updated: Vendor CA 2 more.'],
    )
  })

  test('where something was added, left out, or reports an error', () => {
    const events = linuxBoot({ db: [vendor] })
    const driver = { register: 2, type: EV.EFI_BOOT_SERVICES_DRIVER, data: Buffer.alloc(32), measured: Buffer.from('rootkit') }
    assert.deepEqual(told(logOf(events.toSpliced(8, 0, driver))), ['2 An image that nobody recorded was loaded: a driver.'])
    assert.deepEqual(told(logOf(events.filter(({ register }) => register !== 14))), ["14 shim's list MokList was not measured."])
    const hostile = { register: 14, type: EV.IPL, data: Buffer.from('Mok\u001b[2J\0'), measured: Buffer.from('x') }
    assert.deepEqual(told(logOf([...events, hostile])), ["14 shim's list Mok\\u{1b}[2J was measured, and nobody recorded it."])
    assert.match(
      told(logOf(events.map((each) => (each.type === EV.SEPARATOR && each.register === 3 ? separator(3, 1) : each)))).join(),
      /^3 The separator of register 3 is 01000000/,
    )
  })

  test('where the log lies about it', () => {
    const lied = linuxBoot({ db: [vendor], commandLine: '/vmlinuz root=/dev/vda ro' }).map((each) =>
      each.register === 8 ? { ...each, measured: Buffer.from('evil') } : each,
    )
    assert.match(
      told(logOf(lied)).join('\n'),
      /^8 The kernel command line was measured, but what the log says of it is not what was measured\.$/m,
    )
  })

  test('where the TPM was started elsewhere', () => {
    const started = { register: 0, type: EV.NO_ACTION, data: Buffer.from('StartupLocality\0\x03') }
    assert.deepEqual(told(logOf([started, ...linuxBoot({ db: [vendor] })])), ['0 The TPM was started from locality 3; it was 0.'])
  })
})

describe('what changes from boot to boot', () => {
  test('may be left out, by register or by measurement', () => {
    const counters = boot({ grubCfg: 'counters: 2' })
    assert.deepEqual(compareBoot({ ...golden, except: [9] }, counters).words, [])
    const loose = golden.measurements.map((each) => (each.subject.endsWith('grub.cfg') ? { ...each, volatile: true as const } : each))
    assert.deepEqual(compareBoot({ ...golden, measurements: loose }, counters).words, [])
    assert.deepEqual(compareBoot({ ...golden, measurements: loose }, boot({ initrd: 'evil' })).registers, [9])
    assert.deepEqual(compareBoot({ ...golden, except: [9] }, boot({ kernel: 'evil' })).registers, [4])
  })
})

describe('references are kept by platform', () => {
  const off = recordBoot(boot({ secureBoot: false }), 'sha256')
  const two = recordBoot(boot({ commandLine: 'two' }), 'sha256', 2)
  const four = recordBoot(boot({ commandLine: 'four' }), 'sha256', 4)

  test('one is found by firmware, Secure Boot and number of vCPUs', () => {
    assert.equal(referenceFor([off, golden], golden.platform), golden)
    assert.equal(referenceFor([off, golden], off.platform), off)
    assert.equal(referenceFor([two, four], { ...golden.platform, vcpus: 4 }), four)
    assert.equal(referenceFor([two], { ...golden.platform, vcpus: 8 }), undefined)
    assert.equal(referenceFor([off, golden], { ...golden.platform, firmware: 'Made 2.0' }), undefined)
  })

  test('a boot of one that nobody recorded is unknown, and one that differs fails', () => {
    const outcome = (log: EventLog, vcpus?: number) =>
      checkReference([off, two, four], log, 'sha256', vcpus).map(({ code, verdict, got }) => [code, verdict.is, got])
    assert.deepEqual(
      outcome(boot({ commandLine: 'four' }), 4).map(([, is]) => is),
      ['pass', 'pass'],
    )
    assert.deepEqual(outcome(boot({ firmware: 'Made 2.0' }), 4), [
      ['TCG_PLATFORM', 'unknown', 'firmware "Made 2.0", Secure Boot on, 4 vCPUs'],
    ])
    assert.deepEqual(outcome(boot({ commandLine: 'four init=/bin/sh' }), 4)[1], [
      'TCG_REFERENCE',
      'fail',
      "GRUB's command `linux` gained `init=/bin/sh`. The kernel command line gained `init=/bin/sh`.",
    ])
    assert.deepEqual(checkReference([], boot(), 'sha256')[0]!.verdict.is, 'unknown')
  })

  test('is not held to in a bank in which nothing was quoted', () => {
    const both = parseEventLog(eventLog(linuxBoot({ db: [vendor] }), ['sha256', 'sha384']))
    const outcome = (bank: 'sha256' | 'sha384') => checkReference([golden], both, bank).map(({ code, verdict }) => `${code} ${verdict.is}`)
    assert.deepEqual(outcome('sha256'), ['TCG_PLATFORM pass', 'TCG_REFERENCE pass'])
    assert.deepEqual(outcome('sha384'), ['TCG_PLATFORM unknown'])
  })
})

describe('an update is allowed before any machine has booted it', () => {
  const image = peImage({ sections: { '.text': Buffer.from('new kernel') } })
  const digest = imageDigest(readImage(image), 'sha256')
  /** The image is measured by its Authenticode hash, which the maker of logs does not know. */
  function updated(request: BootRequest): EventLog {
    const log = boot(request)
    const kernel = log.events.findLast(({ type }) => type === EV.EFI_BOOT_SERVICES_APPLICATION)!
    digest.copy(kernel.digests.find(({ hash }) => hash === 'sha256')!.value)
    return log
  }
  const update = {
    name: 'linux 6.1.0-56',
    images: { 'the kernel': image },
    files: { '/vmlinuz': image, 'grub.cfg': Buffer.from('new') },
    initrd: Buffer.from('new initrd'),
    words: { 'root=/dev/vda': 'root=/dev/vdb' },
  }
  const after = updated({
    kernel: image.toString('latin1'),
    initrd: 'new initrd',
    grubCfg: 'new',
    commandLine: '/vmlinuz root=/dev/vdb ro',
  })
  const vmlinuz = after.events.find(({ data }) => data.toString().startsWith('/vmlinuz\0'))!
  createHash('sha256')
    .update(image)
    .digest()
    .copy(vmlinuz.digests.find(({ hash }) => hash === 'sha256')!.value)
  const allowing = allowUpdate(golden, update)

  test('by its files, beside what was', () => {
    assert.notDeepEqual(compareBoot(golden, after).words, [])
    assert.deepEqual(compareBoot(allowing, after).words, [])
    assert.deepEqual(compareBoot(allowing, boot()).words, [])
    assert.match(compareBoot(allowing, boot({ grub: 'evil' })).words[0]!.text, /^GRUB was replaced/)
    assert.deepEqual(readReference(JSON.parse(JSON.stringify(allowing))), allowing)
  })

  test('by words that stand for themselves, whatever is in them', () => {
    const words = { 'root=/dev/vda': "root=$$rest$&$'" }
    const now = boot({ commandLine: "/vmlinuz root=$$rest$&$' ro" })
    assert.deepEqual(compareBoot(allowUpdate(golden, { name: 'words', words }), now).words, [])
  })

  test('and what was is taken back once it is everywhere', () => {
    const only = settled(allowing, update.name)
    assert.deepEqual(compareBoot(only, after).words, [])
    assert.deepEqual(compareBoot(only, boot()).registers, [4, 8, 9])
    assert.deepEqual(settled(golden, update.name), golden)
  })

  test('twice is once', () =>
    assert.deepEqual(
      allowUpdate(allowing, update).measurements.map(({ allowed }) => allowed.length),
      allowing.measurements.map(({ allowed }) => allowed.length),
    ))

  test('of an image that is none is refused', () =>
    assert.throws(() => allowUpdate(golden, { name: 'x', images: { GRUB: Buffer.from('MZ') } }), { code: 'FORMAT' }))

  test('of dbx, and of shim by another signer, brings what they will be measured by', () => {
    const keys = [newPair(), newPair()]
    const roots = keys.map((key, at) => certificate({ subject: `Root ${at}`, key }))
    const bare = peImage({ sections: { '.text': Buffer.from('shim') } })
    const shim = signImage(bare, imageDigest(readImage(bare), 'sha256'), {
      ...{ key: keys[1]!, by: { issuer: commonName('Root 1') } },
      certificates: [roots[1]!],
    })
    const booted = (authority: Buffer, dbx: readonly Buffer[]): EventLog => {
      const [first, second] = [authority, roots.find((root) => root !== authority)!]
      // The boot's maker takes the first of db for the authority; the list itself stays as it was.
      const events = linuxBoot({ db: [first, second], dbx })
      const list = linuxBoot({ db: roots, dbx })
      return logOf(events.map((each, at) => (each.type === EV.EFI_VARIABLE_DRIVER_CONFIG ? list[at]! : each)))
    }
    const old = recordBoot(booted(roots[0]!, [Buffer.alloc(32)]), 'sha256')
    const list = [Buffer.alloc(32), Buffer.alloc(32, 1)]
    const now = booted(roots[1]!, list)
    imageDigest(readImage(shim), 'sha256').copy(now.events.find(({ type }) => type === EV.EFI_BOOT_SERVICES_APPLICATION)!.digests[1]!.value)
    assert.deepEqual(compareBoot(old, now).registers, [4, 7])
    const allowed = allowUpdate(old, { name: '2023', images: { shim }, variables: { dbx: signatureList(GUID.certSha256, ...list) } })
    assert.deepEqual(compareBoot(allowed, now).words, [])
  })

  test('of a unified kernel image brings each of its sections', () => {
    const names = ['.linux', '.cmdline']
    const uki = (sections: Readonly<Record<string, Buffer>>) =>
      logOf([
        { register: 4, type: EV.EFI_BOOT_SERVICES_APPLICATION, data: Buffer.alloc(32), measured: sections['.linux']! },
        ...names.flatMap((name) => [
          { register: 11, type: EV.IPL, data: Buffer.from(`${name}\0`, 'utf16le'), measured: Buffer.from(`${name}\0`) },
          { register: 11, type: EV.IPL, data: Buffer.from(`${name}\0`, 'utf16le'), measured: sections[name]! },
        ]),
      ])
    const old = recordBoot(uki({ '.linux': Buffer.from('old'), '.cmdline': Buffer.from('ro') }), 'sha256')
    const sections = { '.linux': peImage({ sections: { '.text': Buffer.from('k') } }), '.cmdline': Buffer.from('ro quiet') }
    const unified = peImage({ sections })
    const now = uki(sections)
    imageDigest(readImage(unified), 'sha256').copy(now.events[1]!.digests[1]!.value)
    assert.deepEqual(compareBoot(allowUpdate(old, { name: 'uki', images: { 'the unified kernel image': unified } }), now).words, [])

    // A kernel that needs more memory than its file has.
    unified.writeUInt32LE(sections['.linux'].length + 4_096, unified.indexOf('.linux') + 8)
    const larger = uki({ ...sections, '.linux': Buffer.concat([sections['.linux'], Buffer.alloc(4_096)]) })
    imageDigest(readImage(unified), 'sha256').copy(larger.events[1]!.digests[1]!.value)
    assert.deepEqual(compareBoot(allowUpdate(old, { name: 'uki', images: { 'the unified kernel image': unified } }), larger).words, [])
  })
})

test('logs that have nothing in common are compared in bounded time', () => {
  const many = (word: string) =>
    logOf(Array.from({ length: 5_000 }, (_, at) => ({ register: 8, type: EV.IPL, data: Buffer.from(`${word}${at}`) })))
  const started = ownTime()
  assert.deepEqual(compareBoot(recordBoot(many('a'), 'sha256'), many('b')).registers, [8])
  assert.ok(ownTime() - started < 4_000)
})
