import assert from 'node:assert/strict'
import { hash as digestOf } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, newPair } from '../../../../test/kit/certificates.ts'
import {
  action,
  application,
  authority,
  commandLine,
  eventLog,
  linuxBoot,
  type MadeEvent,
  secureVariable,
  separator,
  signatureList,
} from '../../../../test/kit/event-log.ts'
import { ownTime } from '../../../../test/kit/own-time.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { parseEventLog } from '../tcg-log/event-log.ts'
import { EV } from '../tcg-log/event-types.table.ts'
import { type BootPolicy, checkBoot } from './checks.ts'
import { bootOf } from './images.ts'
import { narrative } from './narrative.ts'
import { bootState } from './state.ts'

const vendor = certificate({ subject: 'Vendor CA', key: newPair() })
const stranger = certificate({ subject: 'Stranger CA', key: newPair() })
const good = linuxBoot({ db: [vendor] })
const boot = (events: readonly MadeEvent[]) => bootOf(parseEventLog(eventLog(events)), 'sha256')
const wrong = (events: readonly MadeEvent[], policy?: BootPolicy) =>
  checkBoot(boot(events), policy)
    .filter(({ verdict }) => verdict.is !== 'pass')
    .map(({ code, verdict }) => `${code} ${verdict.is}`)
const without = (found: (event: MadeEvent) => boolean) => good.filter((event) => !found(event))
const before = (type: number, event: MadeEvent) =>
  good.toSpliced(
    good.findIndex((each) => each.type === type),
    0,
    event,
  )

describe('a boot', () => {
  test('is told step by step', () => {
    assert.deepEqual(narrative(boot(good)), [
      'The firmware calls its version `Made 1.0`.',
      'Secure Boot is on.',
      'The platform key (PK): Vendor CA.',
      'The key exchange keys (KEK): Vendor CA.',
      'The allowed signatures (db): Vendor CA.',
      'The forbidden signatures (dbx): 1 entry.',
      'The firmware began to boot an option.',
      'shim, verified by Vendor CA, was loaded (the log says from `\\EFI\\debian\\shimx64.efi`).',
      'shim holds images to SBAT level `sbat,1,2025021800`.',
      'GRUB was loaded (the log says from `\\EFI\\debian\\grubx64.efi`).',
      'The file (hd0,gpt1)/EFI/debian/grub.cfg was measured.',
      'GRUB ran `linux /vmlinuz root=/dev/vda ro`.',
      'The file /vmlinuz was measured.',
      'The kernel was loaded.',
      'The kernel command line is `/vmlinuz root=/dev/vda ro`.',
      'GRUB ran `initrd /initrd.img`.',
      'The file /initrd.img was measured.',
      'The operating system took over from the firmware.',
    ])
  })

  test('names images by what is known of their digests', () => {
    const image = boot(good).find(({ subject }) => subject === 'shim')!
    assert.match(
      narrative(boot(good), new Map([[image.digest.toString('hex'), 'shim 15.8']])).join('\n'),
      /^shim 15\.8, verified by Vendor CA, was loaded/m,
    )
  })

  test('cannot move a terminal by what its log says', () => {
    const told = narrative(boot(linuxBoot({ db: [vendor], commandLine: 'a\u001b[2Jb\u202ec' }))).join('\n')
    assert.doesNotMatch(told.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
    assert.match(told, /\\u\{1b\}/)
  })

  test('has its state from variables that are bound, and where the firmware measures them', () => {
    assert.equal(bootState(boot(good)).secureBoot, true)
    assert.equal(bootState(boot(linuxBoot({ secureBoot: false }))).secureBoot, false)
    const on = secureVariable('SecureBoot', Buffer.of(1))
    const off = secureVariable('SecureBoot', Buffer.of(0))
    for (const lie of [
      { ...on, measured: off.data },
      { ...on, register: 16 },
      { ...on, register: 1 },
    ]) {
      assert.equal(bootState(boot([lie])).secureBoot, undefined)
      assert.equal(bootState(boot([lie, off])).secureBoot, false)
    }
  })
})

describe('a boot is held to rules, and', () => {
  test('one that follows them passes', () => {
    assert.deepEqual(wrong(good, { minSbat: 2025021800 }), [])
    assert.deepEqual(wrong(linuxBoot({ secureBoot: false }), { secureBoot: false }), [])
  })

  test('each rule that is broken is named', () => {
    const cases: readonly (readonly [readonly string[], readonly MadeEvent[]])[] = [
      [['TCG_SECURE_BOOT fail'], linuxBoot({ db: [vendor], secureBoot: false })],
      [['TCG_EVENT_DATA fail'], good.map((each) => (each.register === 8 ? { ...each, measured: Buffer.from('evil') } : each))],
      [
        ['TCG_SEPARATORS fail'],
        without(({ type, register }) => type === EV.SEPARATOR && register === 2).concat({
          register: 2,
          type: EV.EFI_BOOT_SERVICES_DRIVER,
          data: Buffer.alloc(32),
        }),
      ],
      [['TCG_SEPARATORS fail'], good.map((each) => (each.type === EV.SEPARATOR && each.register === 4 ? separator(4, 1) : each))],
      [['TCG_KEY_ORDER fail'], [...good, secureVariable('SecureBoot', Buffer.of(1))]],
      [['TCG_KEY_ORDER fail'], before(EV.EFI_VARIABLE_DRIVER_CONFIG, secureVariable('db', signatureList(GUID.certX509, vendor)))],
      [['TCG_AUTHORITY fail'], [...good, authority(GUID.imageSecurityDatabase, 'db', Buffer.concat([Buffer.alloc(16), stranger]))]],
      [['TCG_AUTHORITY unknown'], without(({ type }) => type === EV.EFI_VARIABLE_AUTHORITY)],
      [['TCG_DEBUG_MODE fail'], before(EV.SEPARATOR, action(7, 'UEFI Debug Mode'))],
      [['TCG_DMA_PROTECTION fail'], before(EV.SEPARATOR, action(7, 'DMA Protection Disabled'))],
      [['TCG_EXIT_BOOT_SERVICES unknown'], without(({ type, register }) => type === EV.EFI_ACTION && register === 5)],
    ]
    for (const [codes, events] of cases) assert.deepEqual(wrong(events), codes)
    assert.deepEqual(wrong(good, { minSbat: 2026010100 }), ['TCG_SBAT_LEVEL fail'])
  })

  test('none can be kept by calling what was measured something else', () => {
    const blob = (event: MadeEvent): MadeEvent => ({
      register: event.register,
      type: EV.EFI_PLATFORM_FIRMWARE_BLOB,
      data: Buffer.alloc(16),
      measured: event.data,
    })
    const insecure = linuxBoot({ db: [vendor], secureBoot: false }).map((event) => (event.register === 7 ? blob(event) : event))
    const made = good.filter(({ register }) => register === 7)
    assert.deepEqual(wrong([...insecure, ...made]), ['TCG_SECURE_BOOT unknown', 'TCG_KEY_ORDER unknown'])
    const guest = (events: readonly MadeEvent[]) =>
      bootOf(
        parseEventLog(
          eventLog(events.map((event) => ({ ...event, register: event.register === 7 || event.register === 0 ? 1 : 3 }))),
          'cc',
        ),
        'sha256',
      )
    assert.equal(bootState(guest([...insecure, ...made])).secureBoot, undefined)
    const hidden = guest([...good.map((event) => (event.register === 7 ? blob(event) : event)), ...made])
    assert.ok(checkBoot(hidden).some(({ code, verdict }) => code === 'TCG_KEY_ORDER' && verdict.is === 'fail'))
    assert.deepEqual(wrong(before(EV.SEPARATOR, blob(action(0, 'UEFI Debug Mode')))), ['TCG_DEBUG_MODE fail'])
    assert.deepEqual(wrong(before(EV.SEPARATOR, blob(action(0, 'DMA Protection Disabled')))), ['TCG_DMA_PROTECTION fail'])
  })

  test('a command line is one where boot loaders and the kernel measure it, and nowhere else', () => {
    const kinds = [5, 8, 10, 12, 15].map((register) => boot([{ ...commandLine('quiet'), register }])[0]!.kind)
    assert.deepEqual(kinds, ['other', 'command-line', 'other', 'command-line', 'other'])
  })

  test('a variable has no name where only its content was measured', () => {
    const on = secureVariable('SecureBoot', Buffer.of(1))
    const content = { ...on, type: EV.EFI_VARIABLE_BOOT, measured: Buffer.of(1) }
    assert.equal(bootState(boot([content])).secureBoot, undefined)
    assert.equal(bootState(boot([{ ...on, type: EV.EFI_VARIABLE_BOOT }])).secureBoot, undefined)
  })

  test('one without a platform key is in setup mode', () => {
    assert.deepEqual(wrong(linuxBoot()), ['TCG_SETUP_MODE fail', 'TCG_AUTHORITY unknown'])
  })

  test('an authority in dbx is none, whether dbx has the certificate or its hash; where dbx cannot be read, nobody knows', () => {
    const isDbx = ({ type, data }: MadeEvent) =>
      type === EV.EFI_VARIABLE_DRIVER_CONFIG && Buffer.from(data).includes(Buffer.from('dbx', 'utf16le'))
    const withDbx = (dbx: Buffer) => wrong(good.map((each) => (isDbx(each) ? secureVariable('dbx', dbx) : each)))
    const { rawBody } = readCertificate(vendor)
    const hashed = (name: 'sha256' | 'sha384' | 'sha512') => Buffer.concat([digestOf(name, rawBody, 'buffer'), Buffer.alloc(16)])
    for (const [type, entry] of [
      [GUID.certX509, vendor],
      [GUID.certX509Sha256, hashed('sha256')],
      [GUID.certX509Sha384, hashed('sha384')],
      [GUID.certX509Sha512, hashed('sha512')],
    ] as const)
      assert.deepEqual(withDbx(signatureList(type, entry)), ['TCG_AUTHORITY fail'])
    assert.deepEqual(withDbx(signatureList(GUID.certX509Sha256, Buffer.alloc(48))), [])
    assert.deepEqual(withDbx(Buffer.alloc(0)), [])
    assert.deepEqual(withDbx(Buffer.alloc(40, 7)), ['TCG_AUTHORITY unknown'])
    assert.deepEqual(wrong(without(isDbx)), ['TCG_AUTHORITY unknown'])
  })

  test('several attempts to boot, and one without the call, are as good', () => {
    const twice = before(EV.EFI_BOOT_SERVICES_APPLICATION, action(4, 'Returning from EFI Application from Boot Option'))
    assert.deepEqual(wrong(twice), [])
    assert.deepEqual(wrong(without(({ data }) => Buffer.from(data).toString().startsWith('Calling'))), [])
  })
})

describe('images are called by what they did', () => {
  const subjects = (events: readonly MadeEvent[]) => boot(events).flatMap(({ kind, subject }) => (kind === 'application' ? [subject] : []))

  test('whatever their files are called', () => {
    const renamed = good.map((each) =>
      each.type === EV.EFI_BOOT_SERVICES_APPLICATION && each.data.length > 32
        ? { ...each, data: application('\\a.efi', Buffer.of()).data, measured: each.measured! }
        : each,
    )
    assert.deepEqual(subjects(renamed), ['shim', 'GRUB', 'the kernel'])
  })

  test('or by their files where they did nothing that is seen', () => {
    assert.deepEqual(subjects([application('\\EFI\\Microsoft\\Boot\\bootmgfw.efi', Buffer.of(1)), application('\\x.efi', Buffer.of(2))]), [
      'the Windows boot manager',
      'a boot application',
    ])
  })

  test('as a unified kernel image, whose sections are measured', () => {
    const name = Buffer.from('.linux\0', 'utf16le')
    const stub = [
      application('\\EFI\\Linux\\a.efi', Buffer.of(1)),
      { register: 11, type: EV.IPL, data: name, measured: Buffer.from('.linux\0') },
      { register: 11, type: EV.IPL, data: name, measured: Buffer.from('kernel') },
    ]
    assert.deepEqual(subjects(stub), ['the unified kernel image'])
    assert.deepEqual(narrative(boot(stub)).slice(1), ['The section .linux of the unified kernel image was measured.'])
  })
})

test('what is hostile to patterns takes no longer', () => {
  const events = [
    { register: 0, type: EV.S_CRTM_VERSION, data: Buffer.concat([Buffer.alloc(1 << 20), Buffer.of(1)]) },
    { register: 5, type: EV.EFI_ACTION, data: Buffer.concat([Buffer.alloc(1 << 20), Buffer.of(1)]) },
    application('grub'.repeat(8_000), Buffer.of(1)),
  ]
  const started = ownTime()
  narrative(boot(events))
  assert.ok(ownTime() - started < 1_000)
})

test('tens of thousands of images are named in the time of one look', () => {
  const events = Array.from({ length: 30_000 }, (_, at) => application('', Buffer.from(String(at))))
  const log = parseEventLog(eventLog(events, ['sha256']))
  const started = ownTime()
  assert.equal(bootOf(log, 'sha256').length, events.length)
  assert.ok(ownTime() - started < 2_000)
})

test('tens of thousands of authorities are held to as many entries of db in the time of one look', () => {
  const entries = Array.from({ length: 30_000 }, (_, at) => digestOf('sha256', String(at), 'buffer'))
  const vouching = authority(GUID.imageSecurityDatabase, 'db', Buffer.concat([Buffer.alloc(16, 7), entries.at(-1)!]))
  const db = secureVariable('db', signatureList(GUID.certSha256, ...entries))
  const dbx = secureVariable('dbx', signatureList(GUID.certX509Sha256, ...entries.map((each) => digestOf('sha256', each, 'buffer'))))
  const all = boot([db, dbx, ...entries.map(() => vouching)])
  const started = ownTime()
  assert.equal(checkBoot(all).find(({ code }) => code === 'TCG_AUTHORITY')!.verdict.is, 'pass')
  assert.ok(ownTime() - started < 3_000)
})
