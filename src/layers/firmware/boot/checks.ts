// What must be so in any boot worth the name, whoever made the machine: rules over what the log says where that is bound to its digests.
import { type CheckTable, checked } from '../../../core/appraisal.ts'
import { printable } from '../../../core/quote.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { EfiSignature } from '../../../formats/efi/signature-list.ts'
import { hashListed, tryCertificate } from '../secure-boot/signature-name.ts'
import { eventTypeName } from '../tcg-log/event-types.table.ts'
import { type Measurement, measuring } from './measurement.ts'
import { type BootState, bootState, isVariable, KEY_VARIABLES, type LoggedAuthority } from './state.ts'

export const BOOT_CHECKS = {
  TCG_EVENT_DATA: { title: 'event data that is measured hashes to its digest', clause: 'PFP 1.06 table 27' },
  TCG_SEPARATORS: {
    title: 'the firmware ended each of its registers with a separator, and reported no error',
    clause: 'PFP 1.06 §10.4.1, EV_SEPARATOR',
  },
  TCG_SECURE_BOOT: { title: 'Secure Boot is on', clause: 'UEFI 2.10 §32.3, PFP 1.06 §3.3.4.8' },
  TCG_SETUP_MODE: { title: 'a platform key is enrolled, and neither setup mode nor audit mode is on', clause: 'UEFI 2.10 §32.3' },
  TCG_KEY_ORDER: { title: 'the variables of Secure Boot are measured once, in order, before the separator', clause: 'PFP 1.06 §3.3.4.8' },
  TCG_AUTHORITY: { title: 'what verified an image is in db and not in dbx', clause: 'PFP 1.06 §3.3.4.8, UEFI 2.10 §32.5.3.3' },
  TCG_SBAT_LEVEL: { title: 'shim refuses generations that the policy refuses', clause: 'shim SBAT.md' },
  TCG_DEBUG_MODE: { title: 'the firmware is not in debug mode', clause: 'PFP 1.06 §3.3.4.8' },
  TCG_DMA_PROTECTION: {
    title: 'the firmware kept its memory from devices',
    clause: 'Windows Hardware Compatibility, Kernel DMA Protection',
  },
  TCG_EXIT_BOOT_SERVICES: { title: 'the operating system took over from the firmware', clause: 'PFP 1.06 §8.2.4' },
} as const satisfies CheckTable

export interface BootPolicy {
  /** Whether Secure Boot must be on; it is, unless the policy says otherwise. */
  readonly secureBoot?: boolean
  /** The date of SBAT's level, as 2025021800, below which a shim's is refused. */
  readonly minSbat?: number
}

/** @param all what one bank measured, as `bootOf` has it */
export function checkBoot(all: readonly Measurement[], { secureBoot = true, minSbat }: BootPolicy = {}): readonly Check[] {
  const state = bootState(all)
  return [
    eventData(all),
    separators(all),
    ...(secureBoot ? [secureBootOn(state), setupMode(state)] : []),
    keyOrder(all),
    ...authorities(state),
    ...(minSbat === undefined ? [] : [sbatLevel(state, minSbat)]),
    absent('TCG_DEBUG_MODE', all, 'UEFI Debug Mode'),
    absent('TCG_DMA_PROTECTION', all, 'DMA Protection Disabled'),
    checked(
      BOOT_CHECKS,
      'TCG_EXIT_BOOT_SERVICES',
      state.exitBootServices || unknown('TCG_NO_EXIT', 'the log does not say so; it may have been read before'),
    ),
  ]
}

function eventData(all: readonly Measurement[]): Check {
  const wrong = all.filter(({ binding }) => binding === 'contradicted')
  if (wrong.length === 0) return checked(BOOT_CHECKS, 'TCG_EVENT_DATA', true)
  const first = wrong[0]!.event
  const got = `${wrong.length} that do not, first event ${first.number} (${eventTypeName(first.type)}, register ${first.register})`
  return checked(BOOT_CHECKS, 'TCG_EVENT_DATA', false, { got })
}

/** 0 or all ones: all is well. Anything else is the firmware's report of an error. */
const SEPARATORS = ['00000000', 'ffffffff']

function separators(all: readonly Measurement[]): Check {
  const own = all.filter(({ kind, event }) => kind === 'separator' && event.register < 8)
  const wrong = own.find(({ text }) => text === undefined || !SEPARATORS.includes(text))
  if (wrong !== undefined)
    return checked(BOOT_CHECKS, 'TCG_SEPARATORS', false, { got: `register ${wrong.event.register}: ${wrong.text ?? 'not bound'}` })
  const ended = new Set(own.map(({ event }) => event.register))
  const open = [...new Set(all.map(({ event }) => event.register))].filter(
    (register) => register < firmwareRegisters(all) && !ended.has(register),
  )
  return checked(
    BOOT_CHECKS,
    'TCG_SEPARATORS',
    open.length === 0,
    open.length === 0 ? {} : { got: `no separator in ${open.sort((a, b) => a - b).join(', ')}` },
  )
}

/** PCRs 0 to 7 are the firmware's. In a confidential guest, only RTMR 0 (register 1) is its alone. */
function firmwareRegisters(all: readonly Measurement[]): number {
  return all.some(({ event, kind }) => event.register === 1 && kind === 'secure-boot') ? 2 : 8
}

function secureBootOn({ secureBoot }: BootState): Check {
  if (secureBoot !== undefined)
    return checked(BOOT_CHECKS, 'TCG_SECURE_BOOT', secureBoot, { expected: 'on', got: secureBoot ? 'on' : 'off' })
  return checked(
    BOOT_CHECKS,
    'TCG_SECURE_BOOT',
    unknown('TCG_SECURE_BOOT_UNLOGGED', 'nothing that is bound says whether Secure Boot is on'),
  )
}

function setupMode({ setupMode, auditMode, keys }: BootState): Check {
  const { PK } = keys
  if (PK === undefined)
    return checked(BOOT_CHECKS, 'TCG_SETUP_MODE', unknown('TCG_PK_UNLOGGED', 'nothing that is bound says which platform key is enrolled'))
  const found = [
    ...(PK.length === 0 ? ['no platform key'] : []),
    ...(setupMode ? ['setup mode'] : []),
    ...(auditMode ? ['audit mode'] : []),
  ]
  return checked(BOOT_CHECKS, 'TCG_SETUP_MODE', found.length === 0, found.length === 0 ? {} : { got: found.join(', ') })
}

/** Firmware measures nothing in it that the log does not hold; in a confidential guest it shares a register with much else. */
const SECURE_BOOT_PCR = 7
const ORDER = ['SecureBoot', ...KEY_VARIABLES]

function keyOrder(all: readonly Measurement[]): Check {
  const seen = all.flatMap((each, at) =>
    ORDER.filter((name) => isVariable(each, name)).map((name) => ({ name, at, register: each.event.register })),
  )
  if (seen.length === 0) return checked(BOOT_CHECKS, 'TCG_KEY_ORDER', unknown('TCG_KEYS_UNLOGGED', 'none of them is in the log, or bound'))
  const register = seen[0]!.register
  const hidden = register === SECURE_BOOT_PCR && all.find(({ binding, event }) => event.register === register && binding === 'free')
  if (hidden) {
    const why = `event ${hidden.event.number} (${eventTypeName(hidden.event.type)}) may be any of them: nothing binds what the log says of it`
    return checked(BOOT_CHECKS, 'TCG_KEY_ORDER', unknown('TCG_KEYS_HIDDEN', why))
  }
  const ends = new Set(SEPARATORS.flatMap((value) => measuring(all, Buffer.from(value, 'hex'))))
  const end = all.findIndex((each) => each.event.register === register && (each.kind === 'separator' || ends.has(each)))
  const inOrder = seen.every(({ name }, at) => at === 0 || ORDER.indexOf(name) > ORDER.indexOf(seen[at - 1]!.name))
  const before = seen.every(({ at }) => end === -1 || at < end)
  const got = seen.map(({ name }) => name).join(', ')
  return checked(BOOT_CHECKS, 'TCG_KEY_ORDER', inOrder && before, {
    expected: ORDER.join(', '),
    got: before ? got : `${got}, some behind the separator`,
  })
}

function authorities({ authorities, keys, secureBoot }: BootState): readonly Check[] {
  const { db, dbx } = keys
  const fromDb = authorities.filter(({ variable, vouches }) => variable === 'db' && vouches)
  if (fromDb.length === 0) {
    if (secureBoot !== true) return []
    return [
      checked(
        BOOT_CHECKS,
        'TCG_AUTHORITY',
        unknown('TCG_AUTHORITY_UNLOGGED', 'Secure Boot is on, and nothing says what verified an image'),
      ),
    ]
  }
  if (db === undefined)
    return [checked(BOOT_CHECKS, 'TCG_AUTHORITY', unknown('TCG_DB_UNLOGGED', 'nothing that is bound says what is in db'))]
  const allowed = measuredAs(db)
  const stranger = fromDb.find(({ data }) => !allowed.has(hexOf(data)))
  if (stranger !== undefined) return [checked(BOOT_CHECKS, 'TCG_AUTHORITY', false, { got: `${printable(stranger.name)} is not in db` })]
  if (dbx === undefined)
    return [checked(BOOT_CHECKS, 'TCG_AUTHORITY', unknown('TCG_DBX_UNLOGGED', 'nothing that is bound says what is in dbx'))]
  const [listed, isListed] = [measuredAs(dbx), hashListed(dbx)]
  const isForbidden = ({ data }: LoggedAuthority) => {
    const certificate = tryCertificate(data) ?? tryCertificate(allowed.get(hexOf(data))!)
    return listed.has(hexOf(data)) || (certificate !== undefined && isListed(certificate))
  }
  const forbidden = fromDb.find(isForbidden)
  const got = forbidden && `${printable(forbidden.name)} is in dbx`
  return [checked(BOOT_CHECKS, 'TCG_AUTHORITY', forbidden === undefined, got === undefined ? {} : { got })]
}

const hexOf = (data: Buffer) => data.toString('hex')
/** What is measured where an entry of a list verifies an image → the entry. Old releases of shim leave out the last byte. */
const measuredAs = (list: readonly EfiSignature[]) =>
  new Map(list.flatMap(({ data }) => [data, data.subarray(0, -1)].map((measured) => [hexOf(measured), data] as const)))

function sbatLevel({ sbatLevel }: BootState, least: number): Check {
  const level = /^sbat,1,(\d{10})/.exec(sbatLevel ?? '')?.[1]
  if (level === undefined) return checked(BOOT_CHECKS, 'TCG_SBAT_LEVEL', unknown('TCG_SBAT_UNLOGGED', 'shim measured no level'))
  return checked(BOOT_CHECKS, 'TCG_SBAT_LEVEL', Number(level) >= least, { expected: `at least ${least}`, got: level })
}

/** Bound or not, firmware that reports such a thing has no reason to make it up; and it did report it where it is measured under another name. */
function absent(code: 'TCG_DEBUG_MODE' | 'TCG_DMA_PROTECTION', all: readonly Measurement[], action: string): Check {
  const words = Buffer.from(action)
  return checked(BOOT_CHECKS, code, measuring(all, words).length === 0 && !all.some(({ event }) => event.data.equals(words)))
}
