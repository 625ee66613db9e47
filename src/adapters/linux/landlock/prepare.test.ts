import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Confinement, UNCONFINED } from '../confinement.ts'
import { type Files, spellOut } from './executables.ts'
import { prepare } from './prepare.ts'

/** A small file system: the names that end with `/` are folders, the values of the others say what they are. */
const TREE: Readonly<Record<string, 'file' | 'other' | `-> ${string}`>> = {
  '/usr/bin/sh': 'file',
  '/usr/bin/curl': 'file',
  '/usr/bin/web': '-> /usr/bin/curl',
  '/usr/lib/tool': 'file',
  '/bin': '-> /usr/bin',
  '/opt/a/b/deep': 'file',
  '/opt/a/shallow': 'file',
  '/dev/shm/payload': 'file',
  '/dev/null': 'other',
}
const FILE_PATHS = Object.keys(TREE).filter((path) => TREE[path] === 'file')
const FOLDERS = [...new Set(Object.keys(TREE).flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1))))]

const files: Files = {
  look: (given) => {
    const path = given.length > 1 ? given.replace(/\/$/, '') : given
    const link = Object.keys(TREE).find((name) => TREE[name]!.startsWith('->') && (path === name || path.startsWith(`${name}/`)))
    if (link !== undefined) return files.look(TREE[link]!.slice(3) + path.slice(link.length))
    if (path === '/' || FOLDERS.includes(`${path}/`)) return { real: path, kind: 'folder' }
    const kind = Object.hasOwn(TREE, path) ? TREE[path] : undefined
    return kind === 'file' || kind === 'other' ? { real: path, kind } : undefined
  },
  list: (folder) => {
    const below = [...FOLDERS, ...Object.keys(TREE)].filter((path) => path !== folder && path.startsWith(folder))
    const direct = below.filter((path) => !path.slice(folder.length, -1).includes('/'))
    return direct.map((path) => {
      const what = path.endsWith('/') ? 'folder' : TREE[path]!
      return {
        name: path.slice(folder.length).replace('/', ''),
        kind: what.startsWith('->') ? 'link' : (what as 'folder' | 'file' | 'other'),
      }
    })
  },
}

const confinement = (some: Partial<Confinement>): Confinement => ({ ...UNCONFINED, ...some })
const codes = (some: Partial<Confinement>, abi: number) => prepare(confinement(some), abi, files).missing.map(({ code }) => code)
const EXECUTE = 1
const REFER = 1 << 13

describe('what may be executed, spelt out without exceptions', () => {
  const isGranted = (granted: readonly string[], path: string) =>
    granted.some((grant) => grant === path || (grant.endsWith('/') && path.startsWith(grant)))

  test('grants the files that the narrowest word allows, and no others', () => {
    const path = fc.constantFrom(...FOLDERS, ...FILE_PATHS)
    let compared = 0
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 6 }), fc.uniqueArray(path, { maxLength: 6 }), (allowed, denied) => {
        const granted = spellOut(allowed, denied, files)
        for (const file of FILE_PATHS) {
          const words = [...allowed, ...denied].filter((word) => isGranted([word], file)).sort((one, other) => other.length - one.length)
          const expected = words[0] !== undefined && !denied.includes(words[0])
          assert.equal(isGranted(granted, file), expected, `${file} of +${allowed} -${denied}`)
          compared++
        }
      }),
      { numRuns: 2000 },
    )
    assert.ok(compared >= 2000 * FILE_PATHS.length)
  })

  test('leaves out links, or a denied file would be allowed by its other name', () => {
    const granted = spellOut(['/'], ['/usr/bin/curl'], files)
    assert.deepEqual([...granted].sort(), ['/dev/', '/opt/', '/usr/bin/sh', '/usr/lib/'])
  })

  test('an exception that does not exist yet holds when it comes into being', () => {
    assert.deepEqual(spellOut(['/usr/'], ['/usr/bin/later'], files).includes('/usr/bin/'), false)
  })

  test('more rules than we are willing to make are a coded error', () => {
    const many: Files = { ...files, list: () => Array.from({ length: 70_000 }, (_, index) => ({ name: `${index}`, kind: 'file' })) }
    assert.throws(() => spellOut(['/'], ['/x'], many), { code: 'POLICY_LIMIT' })
  })
})

describe('a confinement on older kernels', () => {
  const everything = {
    readable: ['/usr/'],
    writable: ['/opt/'],
    executable: ['/usr/bin/sh'],
    tcpConnect: [],
    tcpBind: [],
    scope: ['signals'],
  } as const

  test('says by code what each version of Landlock cannot do', () => {
    const table = [0, 1, 2, 3, 4, 5, 6, 7].map((abi) => [abi, codes(everything, abi)])
    assert.deepEqual(table, [
      [0, ['LANDLOCK_FILES', 'LANDLOCK_TCP', 'LANDLOCK_SCOPE']],
      [1, ['LANDLOCK_RENAME', 'LANDLOCK_TRUNCATE', 'LANDLOCK_DEVICES', 'LANDLOCK_TCP', 'LANDLOCK_SCOPE']],
      [2, ['LANDLOCK_TRUNCATE', 'LANDLOCK_DEVICES', 'LANDLOCK_TCP', 'LANDLOCK_SCOPE']],
      [3, ['LANDLOCK_DEVICES', 'LANDLOCK_TCP', 'LANDLOCK_SCOPE']],
      [4, ['LANDLOCK_DEVICES', 'LANDLOCK_SCOPE']],
      [5, ['LANDLOCK_SCOPE']],
      [6, []],
      [7, []],
    ])
  })

  test('asks of a version only for what it knows', () => {
    const known = [0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff, 0xffff, 0xffff]
    for (const [abi, rights] of known.entries()) {
      const { handled, grants, ports } = prepare(confinement({ ...everything, tcpBind: [[80, 81]] }), abi, files)
      assert.equal(handled.files, rights)
      assert.ok(grants.every((grant) => (grant.rights & ~rights) === 0))
      assert.deepEqual([handled.tcp, ports.length, handled.scope], [abi >= 4 ? 3 : 0, abi >= 4 ? 1 : 0, abi >= 6 ? 2 : 0])
    }
  })

  test('what nobody asked for is not missing', () => {
    assert.deepEqual(codes({ executable: ['/usr/'] }, 2), [])
    assert.deepEqual(codes({}, 0), [])
    assert.deepEqual(prepare(UNCONFINED, 7, files).handled, { files: 0, tcp: 0, scope: 0 })
  })
})

describe('what is granted', () => {
  test('moving files stays free where writing is not restricted', () => {
    const { handled, grants } = prepare(confinement({ executable: ['/usr/bin/'] }), 7, files)
    assert.equal(handled.files, EXECUTE | REFER)
    assert.deepEqual(grants, [
      { path: '/', folder: true, rights: REFER },
      { path: '/usr/bin', folder: true, rights: EXECUTE },
    ])
  })

  test('a path that is absent, a link, or of another kind than it was written is granted nothing, and is named', () => {
    const { grants, missing } = prepare(
      confinement({ executable: ['/nowhere', '/bin/sh', '/usr/bin', '/usr/bin/sh/'], writable: ['/'] }),
      7,
      files,
    )
    assert.deepEqual(
      missing.map(({ code, title }) => `${code} ${title}`),
      [
        'PATH_ABSENT executable: /nowhere',
        'PATH_LINK executable: /bin/sh',
        'PATH_KIND executable: /usr/bin',
        'PATH_KIND executable: /usr/bin/sh',
      ],
    )
    assert.deepEqual(
      grants.filter(({ rights }) => (rights & EXECUTE) !== 0),
      [],
    )
  })

  test('what is read or written may be named by a link; an exception to what may be executed holds where the link leads', () => {
    assert.deepEqual(prepare(confinement({ readable: ['/bin/'] }), 7, files).grants.at(0)?.path, '/usr/bin')
    const { grants } = prepare(confinement({ executable: ['/usr/'], notExecutable: ['/bin/'] }), 7, files)
    assert.deepEqual(
      grants.map(({ path }) => path),
      ['/', '/usr/lib'],
    )
  })

  test('no rule on a file holds a right that is a folder’s', () => {
    const { grants } = prepare(confinement({ readable: ['/usr/bin/sh'], writable: ['/dev/null'] }), 7, files)
    assert.deepEqual(
      grants.map(({ path, rights }) => [path, rights]),
      [
        ['/usr/bin/sh', 1 << 2],
        ['/dev/null', (1 << 1) | (1 << 2) | (1 << 14) | (1 << 15)],
      ],
    )
  })
})
