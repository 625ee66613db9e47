import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type TsmFolder, tsmFolder, tsmReport } from './tsm-report.ts'

const failure = (code: string) => Object.assign(new Error(code), { code })

interface Kernel extends TsmFolder {
  readonly entries: Map<string, Map<string, Buffer>>
  /** Called before each read and write. */
  before: (name: string, attribute: string) => void
}

/** As drivers/virt/coco/guest/report.c behaves: a write makes another generation, and the report is made when it is read. */
function kernel({ auxiliary = Buffer.from('certificates'), there = true }: { auxiliary?: Buffer | null; there?: boolean } = {}): Kernel {
  const entries: Kernel['entries'] = new Map()
  const entry = (name: string) => entries.get(name) ?? assert.fail(`no folder ${name}`)
  const made: Kernel = {
    entries,
    before: () => {},
    exists: () => there,
    make: (name) => {
      if (entries.has(name)) throw failure('EEXIST')
      entries.set(name, new Map([['generation', Buffer.from('0\n')]]))
    },
    write: (name, attribute, content) => {
      made.before(name, attribute)
      const at = entry(name)
      at.set(attribute, Buffer.from(content as Uint8Array))
      at.set('generation', Buffer.from(`${Number(at.get('generation')!.toString()) + 1}\n`))
    },
    read: (name, attribute) => {
      made.before(name, attribute)
      const at = entry(name)
      if (attribute === 'outblob') {
        const inblob = at.get('inblob')
        if (inblob?.length !== 64) throw failure('EINVAL')
        return Buffer.concat([Buffer.from(`vmpl ${at.get('privlevel') ?? 0}:`), inblob])
      }
      if (attribute === 'provider') return Buffer.from('sev_guest\n')
      if (attribute === 'auxblob') return auxiliary ?? assert.fail(failure('ENOENT'))
      return at.get(attribute) ?? assert.fail(attribute)
    },
    remove: (name) => {
      assert.ok(entries.delete(name))
    },
  }
  return made
}

const data = Buffer.from('nonce')

describe('a report of this machine', () => {
  test('answers what was asked, and leaves nothing behind', () => {
    const folder = kernel()
    const { provider, report, auxiliary } = tsmReport({ data, privilegeLevel: 1 }, folder)
    assert.equal(provider, 'sev_guest')
    assert.deepEqual(report, Buffer.concat([Buffer.from('vmpl 1:'), data, Buffer.alloc(59)]))
    assert.equal(auxiliary.toString(), 'certificates')
    assert.equal(folder.entries.size, 0)
  })

  test('without anything beside it has nothing beside it', () => {
    assert.equal(tsmReport({ data }, kernel({ auxiliary: null })).auxiliary.length, 0)
  })

  test('is asked anew where another wrote meanwhile, and not given where that goes on', () => {
    const once = kernel()
    let left = 1
    once.before = (name, attribute) => {
      if (attribute === 'outblob' && left-- > 0) once.write(name, 'inblob', Buffer.alloc(64, 0xee))
    }
    assert.ok(tsmReport({ data }, once).report.includes(data))
    const always = kernel()
    always.before = (name, attribute) => {
      if (attribute === 'auxblob') always.write(name, 'inblob', Buffer.alloc(64, 0xee))
    }
    assert.throws(() => tsmReport({ data }, always), { code: 'TEE_REFUSED' })
    assert.equal(always.entries.size, 0)
  })

  test('is asked anew where the device is busy; another error is the end', () => {
    const busy = kernel()
    let left = 2
    busy.before = (_, attribute) => {
      if (attribute === 'outblob' && left-- > 0) throw failure('EBUSY')
    }
    assert.ok(tsmReport({ data }, busy).report.includes(data))
    const broken = kernel()
    broken.before = (_, attribute) => {
      if (attribute === 'outblob') throw failure('ENXIO')
    }
    assert.throws(() => tsmReport({ data }, broken), { code: 'TEE_REFUSED' })
    assert.equal(broken.entries.size, 0)
  })

  test('is not to be had where the kernel gives none, or of more than fits', () => {
    assert.throws(() => tsmReport({ data }, kernel({ there: false })), { code: 'TEE_ABSENT' })
    assert.throws(() => tsmReport({ data: Buffer.alloc(65) }, kernel()), { code: 'USAGE' })
  })

  test('is read from folders and files', () => {
    const root = mkdtempSync(join(tmpdir(), 'thymus-tsm-'))
    try {
      const folder = tsmFolder(root)
      assert.ok(folder.exists())
      folder.make('one')
      folder.write('one', 'inblob', data)
      assert.deepEqual(readFileSync(join(root, 'one', 'inblob')), data)
      writeFileSync(join(root, 'one', 'outblob'), 'report')
      assert.equal(folder.read('one', 'outblob').toString(), 'report')
      mkdirSync(join(root, 'two'))
      folder.remove('two')
      assert.deepEqual(readdirSync(root), ['one'])
      assert.ok(!tsmFolder(join(root, 'absent')).exists())
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
