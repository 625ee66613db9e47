import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  action,
  authority,
  commandLine,
  eventLog,
  file,
  grub,
  type MadeEvent,
  secureVariable,
  separator,
  variableData,
} from '../../../../test/kit/event-log.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { type Bound, bindingOf } from './binding.ts'
import { parseEventLog } from './event-log.ts'
import { EV } from './event-types.table.ts'

const bound = (event: MadeEvent): Bound => bindingOf(parseEventLog(eventLog([event], ['sha256'])).events[1]!, 'sha256')
const text = (event: MadeEvent) => bound(event).measured?.toString()
const ipl = (data: string | Buffer, measured: string): MadeEvent => ({
  register: 8,
  type: EV.IPL,
  data: Buffer.from(data),
  measured: Buffer.from(measured),
})

describe('what an event says is bound', () => {
  test('where the whole of it is measured', () => {
    for (const event of [
      separator(3),
      action(5, 'Exit Boot Services Invocation'),
      secureVariable('SecureBoot', Buffer.of(1)),
      authority(GUID.imageSecurityDatabase, 'db', Buffer.alloc(40)),
      { register: 5, type: EV.EFI_GPT_EVENT, data: Buffer.from('EFI PART') },
    ]) {
      assert.deepEqual(bound(event), { binding: 'bound', measured: Buffer.from(event.data) })
    }
  })

  test('to what GRUB measures: the text behind its prefix, without the byte at its end', () => {
    assert.equal(text(grub('linux /vmlinuz')), 'linux /vmlinuz')
    assert.equal(text(commandLine('/vmlinuz ro')), '/vmlinuz ro')
    assert.equal(text(ipl('grub_cmd set root=hd0\x7f', 'set root=hd0')), 'set root=hd0')
    assert.equal(text(ipl('grub_kernel_cmdline ro quiet\0x', 'ro quiet')), 'ro quiet')
  })

  test('to what systemd-stub measures: the name of a section in ASCII, a command line in UTF-16', () => {
    const name = Buffer.from('.linux\0', 'utf16le')
    assert.equal(text(ipl(name, '.linux\0')), '.linux\0')
    const words = Buffer.from('ro quiet\0', 'utf16le')
    assert.equal(bound({ register: 12, type: EV.IPL, data: words, measured: words.subarray(0, -2) }).binding, 'bound')
  })

  test('and to nothing that only looks like it once characters are folded or cut off', () => {
    const folded = Buffer.from('init=/bin/sh\0', 'utf16le').map((byte, at, all) => (at % 2 === 1 && at < all.length - 2 ? 1 : byte))
    assert.equal(bound(ipl(Buffer.from(folded), 'init=/bin/sh\0')).binding, 'free')
    assert.equal(bound(ipl(Buffer.from('quiet\0', 'utf16le'), 'q')).binding, 'free')
  })

  test('to the data of a boot variable alone, as older firmware has it, and to an authority without its last byte, as older shim has it', () => {
    const option = variableData(GUID.globalVariable, 'Boot0001', Buffer.from('option'))
    assert.equal(text({ register: 1, type: EV.EFI_VARIABLE_BOOT, data: option, measured: Buffer.from('option') }), 'option')
    const short = authority(GUID.shimLock, 'Shim', Buffer.alloc(600, 0x30))
    assert.equal(bound({ ...short, measured: short.data.subarray(0, -1) }).measured?.length, short.data.length - 1)
  })
})

describe('what an event says is contradicted', () => {
  test('where its type has a rule and the data does not follow it', () => {
    for (const event of [
      { ...secureVariable('SecureBoot', Buffer.of(1)), measured: Buffer.from(secureVariable('SecureBoot', Buffer.of(0)).data) },
      { ...commandLine('/vmlinuz ro'), measured: Buffer.from('/vmlinuz ro evil=1') },
      { ...separator(0), measured: Buffer.of(1, 0, 0, 0) },
    ]) {
      assert.deepEqual(bound(event), { binding: 'contradicted', measured: undefined })
    }
  })

  test('in one bank although it is bound in another', () => {
    const whole = eventLog([action(5, 'x')], ['sha1', 'sha256'])
    const event = parseEventLog(whole).events[1]!
    event.digests[1]!.value[0]! ^= 1
    assert.equal(bindingOf(event, 'sha1').binding, 'bound')
    assert.equal(bindingOf(event, 'sha256').binding, 'contradicted')
    assert.equal(bindingOf(event, 'sha512').binding, 'free')
  })
})

test('what an event says is free where the digest is of something else, or of nothing', () => {
  assert.equal(bound(file('/vmlinuz', Buffer.from('kernel'))).binding, 'free')
  assert.equal(bound({ register: 0, type: EV.NO_ACTION, data: Buffer.from('StartupLocality\0\x03') }).binding, 'free')
  assert.equal(
    bound({ register: 4, type: EV.EFI_BOOT_SERVICES_APPLICATION, data: Buffer.alloc(32), measured: Buffer.of(1) }).binding,
    'free',
  )
})
