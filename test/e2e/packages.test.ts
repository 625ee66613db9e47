// thymus ima policy of packages: what it says of them, beside what rpm itself says. Packages and database are made here, by rpm.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, hash } from 'node:crypto'
import { cpSync, globSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { succeeded, thymus } from '../kit/cli.ts'
import { deb } from '../kit/deb.ts'
import { ndb, rpmHeader, rpmPackage, rpmTags } from '../kit/rpm.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-packages-'))
after(() => rmSync(folder, { recursive: true }))
const put = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const sqlite = (name: string, text: string) => {
  const path = join(folder, name)
  const db = new DatabaseSync(path)
  db.exec(text)
  db.close()
  return path
}
const digests = (stdout: string) => (JSON.parse(stdout) as { digests: Readonly<Record<string, readonly string[]>> }).digests
const made = async (...words: readonly string[]) => digests(succeeded(await thymus(['ima', 'policy', ...words])))
const refused = async (file: string, says: RegExp) => {
  const { status, stdout, stderr } = await thymus(['ima', 'policy', file])
  assert.deepEqual([status, stdout], [/USAGE/.test(stderr) ? 64 : 1, ''])
  assert.match(stderr, says)
  assert.match(stderr, /^[^\n]+\n$/)
}

const SPEC = `
Name: tiny
Version: 1.0
Release: 1
Summary: files of every kind
License: MIT
BuildArch: noarch
Prefix: /opt
%description
Files of every kind.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/bin %{buildroot}/etc %{buildroot}/var/lib/tiny "%{buildroot}/opt/a b"
echo one > %{buildroot}/usr/bin/tiny
ln %{buildroot}/usr/bin/tiny %{buildroot}/usr/bin/same
ln -s tiny %{buildroot}/usr/bin/link
: > %{buildroot}/usr/bin/empty
echo sh > %{buildroot}/bin/tinysh
echo settings > %{buildroot}/etc/tiny.conf
echo state > %{buildroot}/var/lib/tiny/state
echo u > "%{buildroot}/opt/a b/ü"
%files
/usr/bin/*
/bin/tinysh
%config(noreplace) /etc/tiny.conf
%ghost /var/lib/tiny/state
%dir "/opt/a b"
"/opt/a b/ü"
%package none
Summary: no files
%description none
No files.
%files none
`
const without = spawnSync('rpmbuild', ['--version']).status === 0 ? false : 'rpmbuild is not installed'

describe('packages that rpm built', { skip: without }, () => {
  const database = join(folder, 'db')
  const rpm = (...words: readonly string[]) =>
    execFileSync('rpm', ['--dbpath', database, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const build = () => {
    mkdirSync(database)
    const spec = put('tiny.spec', SPEC)
    execFileSync('rpmbuild', ['-bb', '--define', `_topdir ${folder}/build`, '--define', `_tmppath ${folder}`, spec], { stdio: 'ignore' })
    return globSync(join(folder, 'build/RPMS/noarch/*.rpm')).sort()
  }
  /** Path and digest of each regular file, as rpm prints them; ghosts have no digest. */
  const dumped = (text: string) =>
    Object.fromEntries(
      text
        .trimEnd()
        .split('\n')
        .map((line) => /^(.*) \d+ \d+ ([0-9a-f]{64}) 0?(\d+) /.exec(line))
        .filter((parts) => parts !== null && parts[3]!.startsWith('100') && !/^0+$/.test(parts[2]!))
        .map((parts) => [parts![1]!, [parts![2]!]]),
    )
  const files = without ? [] : build()
  const tiny = files.find((path) => path.includes('tiny-1'))!

  test('a package file has the files and digests that rpm reads in it', async () => {
    assert.equal(files.length, 2)
    const expected = dumped(rpm('-qp', '--dump', tiny))
    assert.equal(Object.keys(expected).length, 6)
    assert.deepEqual(await made(...files), { ...expected, '/usr/bin/tinysh': expected['/bin/tinysh'] })
  })

  test('so has the database that rpm made of it, where some were put elsewhere, and nothing is left beside it', async () => {
    for (const file of files) rpm('--justdb', '--nodeps', ...(file === tiny ? ['--relocate', '/opt=/srv/moved'] : []), '-i', file)
    const expected = dumped(rpm('-qa', '--dump'))
    assert.ok('/srv/moved/a b/ü' in expected)
    const copy = join(folder, 'copy')
    cpSync(database, copy, { recursive: true, filter: (path) => !path.endsWith('-shm') && !path.endsWith('-wal') })
    const before = readdirSync(copy)
    assert.deepEqual(await made(join(copy, 'rpmdb.sqlite')), { ...expected, '/usr/bin/tinysh': expected['/bin/tinysh'] })
    assert.deepEqual(readdirSync(copy), before)
  })

  test('what is in the log of a database that somebody has open counts', async () => {
    const writer = new DatabaseSync(join(database, 'rpmdb.sqlite'))
    try {
      const header = rpmHeader(rpmTags([{ path: '/usr/bin/late', content: 'late' }], 'late'))
      writer.prepare('INSERT INTO Packages (blob) VALUES (?)').run(header)
      assert.deepEqual((await made(join(database, 'rpmdb.sqlite')))['/usr/bin/late'], [hash('sha256', 'late')])
    } finally {
      writer.close()
    }
  })
})

describe('packages that dpkg-deb built', {
  skip: spawnSync('dpkg-deb', ['--version']).status === 0 ? false : 'there is no dpkg-deb',
}, () => {
  const tree = join(folder, 'tree')
  for (const path of ['DEBIAN', 'usr/bin', 'bin', 'etc', `opt/${'long name/'.repeat(20)}`]) mkdirSync(join(tree, path), { recursive: true })
  const control = 'Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: files of every kind\n'
  writeFileSync(join(tree, 'DEBIAN/control'), control)
  const contents = {
    '/usr/bin/tiny': 'one',
    '/usr/bin/empty': '',
    '/bin/tinysh': 'sh',
    '/etc/tiny.conf': 'settings',
    [`/opt/${'long name/'.repeat(20)}ü`]: 'u',
  }
  for (const [path, content] of Object.entries(contents)) writeFileSync(join(tree, path), content)
  linkSync(join(tree, 'usr/bin/tiny'), join(tree, 'usr/bin/same'))
  symlinkSync('tiny', join(tree, 'usr/bin/link'))
  const expected = Object.fromEntries(
    Object.entries({ ...contents, '/usr/bin/same': 'one', '/usr/bin/tinysh': 'sh' }).map(([path, content]) => [
      path,
      [hash('sha256', content)],
    ]),
  )

  for (const packing of ['none', 'gzip', 'zstd', 'xz'])
    test(`have the digests of their files, packed with ${packing}`, async (t) => {
      if (packing === 'xz' && spawnSync('xz', ['--version']).status !== 0) return t.skip('there is no xz')
      const file = join(folder, `tiny-${packing}.deb`)
      execFileSync('dpkg-deb', ['--root-owner-group', `-Z${packing}`, '--build', tree, file], { stdio: 'ignore' })
      assert.deepEqual(await made(file), expected)
    })
})

test('a database of SUSE is read, and so is a package whose payload is missing', async () => {
  const file = { path: '/usr/bin/tiny', content: 'tiny' }
  for (const path of [put('Packages.db', ndb([rpmHeader(rpmTags([file]))])), put('tiny.rpm', rpmPackage([file]))])
    assert.deepEqual(await made(path), { '/usr/bin/tiny': [hash('sha256', 'tiny')] })
})

test('files that are left out are told, with why', async () => {
  const file = put('unsigned.rpm', rpmPackage([{ path: '/usr/bin/tiny', content: 'tiny' }]))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = put('key.pem', publicKey.export({ format: 'pem', type: 'spki' }).toString())
  const { stdout, stderr } = await thymus(['ima', 'policy', file, '--key', key])
  assert.deepEqual(digests(stdout), {})
  assert.match(stderr, /1 signed by none of the keys, and left out: tiny-1\.0-1\.noarch: \/usr\/bin\/tiny/)
  assert.equal((await thymus(['ima', 'policy', file, '--key', put('empty.pem', '')])).status, 64)
})

test('what is none, damaged, or of a kind that is not read gets one line that says so', async () => {
  const berkeley = Buffer.alloc(512)
  berkeley.writeUInt32LE(0x0006_1561, 12)
  await refused(put('Packages', berkeley), /REFERENCE.*Berkeley DB/)
  await refused(put('text', 'no package'), /FORMAT.*neither a package of RPM/)
  await refused(join(folder, 'none'), /USAGE.*ENOENT/)
  await refused(put('cut.rpm', rpmPackage([{ path: '/a', content: 'a' }]).subarray(0, 150)), /FORMAT.*cut off/)
  await refused(put('torn.deb', deb(Buffer.from('fd377a585a0000', 'hex'), 'data.tar.xz')), /FORMAT.*cannot be unpacked/)
  await refused(put('cut.deb', deb(gzipSync(Buffer.alloc(2 << 20)).subarray(0, 200), 'data.tar.gz')), /FORMAT.*cannot be unpacked/)
  await refused(put('torn.sqlite', `SQLite format 3\0${'x'.repeat(5_000)}`), /FORMAT.*the database cannot be read/)
  sqlite('other.sqlite', 'CREATE TABLE t (a); CREATE VIEW Packages AS SELECT 1 AS hnum, a AS blob FROM t')
  await refused(join(folder, 'other.sqlite'), /FORMAT.*has no packages/)
  sqlite('bad.sqlite', "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob); INSERT INTO Packages VALUES (7, x'00000001')")
  await refused(join(folder, 'bad.sqlite'), /FORMAT.*header 7, data_length at byte 4/)
})

test('a database is not let run what it says, nor lead in a circle', async () => {
  for (const [name, text] of Object.entries({
    virtual: "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob AS (x'00'))",
    stored: "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob AS (x'00') STORED)",
    number: 'CREATE TABLE Packages (a, hnum AS (1), blob)',
    module: 'CREATE VIRTUAL TABLE Packages USING fts5 (hnum, blob)',
  })) {
    const path = sqlite(`${name}.sqlite`, `${text}; INSERT INTO Packages DEFAULT VALUES`)
    await refused(path, /FORMAT.*has no packages/)
  }

  const header = rpmHeader(rpmTags([{ path: '/usr/bin/tiny', content: 'tiny' }])).toString('hex')
  const rows = `INSERT INTO Packages (blob) VALUES ${Array(100).fill(`(x'${header}')`).join()}`
  const path = sqlite('circle.sqlite', `PRAGMA page_size = 512; CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob); ${rows}`)
  assert.deepEqual(await made(path), { '/usr/bin/tiny': [hash('sha256', 'tiny')] })
  const bytes = readFileSync(path)
  const top = bytes.subarray(512, 1024)
  assert.equal(top[0], 5)
  // Its last page is its first once more.
  top.copyWithin(8, top.readUInt16BE(12), top.readUInt16BE(12) + 4)
  writeFileSync(path, bytes)
  await refused(path, /FORMAT.*headers out of order.*header 1\)/)
  sqlite('great.sqlite', `CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob); INSERT INTO Packages VALUES (${2n ** 60n}, '')`)
  await refused(join(folder, 'great.sqlite'), /FORMAT.*no header.*header 1152921504606846976/)
})
