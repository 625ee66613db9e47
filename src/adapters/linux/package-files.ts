// Packages: files of RPM and of Debian, and RPM's databases of what is installed, which are read as files. Neither rpm nor dpkg is asked.
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { placedIn, ThymusError, within } from '../../core/errors.ts'
import { ByteReader } from '../../formats/bytes.ts'
import { DEB_MAGIC, debData, debFiles } from '../../formats/deb.ts'
import { rpmFiles, rpmName } from '../../formats/rpm/files.ts'
import { readRpmHeader } from '../../formats/rpm/header.ts'
import { NDB_MAGIC, ndbHeaders } from '../../formats/rpm/ndb.ts'
import { RPM_MAGIC, readRpmPackage } from '../../formats/rpm/package.ts'
import type { Package } from '../../layers/firmware/ima/packages.ts'
import { unpacked } from './unpack.ts'

/** Where rpm keeps its database: today's place, the former one, and that of images (rpm-ostree). */
const FOLDERS = ['/usr/lib/sysimage/rpm', '/var/lib/rpm', '/usr/share/rpm']
const DATABASES = ['rpmdb.sqlite', 'Packages.db', 'Packages']

/** The files of a package stand behind its header, and are not read. */
const MAX_HEAD = 256 << 20
/** A database of SUSE; a package of Debian, packed and unpacked. They are held in memory. */
const MAX_FILE = 1 << 30
const SQLITE_MAGIC = 'SQLite format 3\0'

/** Berkeley DB's DB_HASH and DB_BTREE, at byte 12. */
const BERKELEY: ReadonlySet<number> = new Set([0x0006_1561, 0x0005_3162])

/** The database of this machine; undefined where there is none. */
export const rpmDatabase = (folders: readonly string[] = FOLDERS): string | undefined =>
  folders.flatMap((folder) => DATABASES.map((name) => join(folder, name))).find((path) => existsSync(path))

/**
 * The packages of a file: one, of RPM or of Debian, or all that a database of RPM holds.
 * @throws ThymusError USAGE where it cannot be read; FORMAT for what is neither, or damaged; REFERENCE for a database of a kind that is not read
 */
export function* packagesIn(path: string): Generator<Package> {
  try {
    yield* packagesOf(path)
  } catch (cause) {
    if (cause instanceof ThymusError) throw placedIn(cause, path)
    const { code, syscall, message } = cause as NodeJS.ErrnoException
    if (code?.startsWith('ERR_SQLITE')) throw new ThymusError('FORMAT', `the database cannot be read: ${message}`, { at: path, cause })
    if (syscall === undefined) throw cause
    throw new ThymusError('USAGE', `it cannot be read (${code})`, { at: path, cause })
  }
}

function* packagesOf(path: string): Generator<Package> {
  const start = beginning(path, SQLITE_MAGIC.length)
  const begins = (magic: string | Buffer) => start.subarray(0, magic.length).equals(Buffer.from(magic))
  if (begins(RPM_MAGIC)) {
    const read = readRpmPackage(beginning(path, MAX_HEAD))
    yield { name: rpmName(read.header), files: rpmFiles(read) }
  } else if (begins(DEB_MAGIC)) {
    yield { name: basename(path), files: debFiles(untarred(debData(whole(path)))) }
  } else if (begins(SQLITE_MAGIC)) {
    for (const { hnum, blob } of sqliteHeaders(path)) yield within(`header ${hnum}`, () => installed(blob))
  } else if (begins(NDB_MAGIC)) {
    for (const { at, blob } of ndbHeaders(whole(path))) yield installed(blob, at)
  } else if (start.length === 16 && (BERKELEY.has(start.readUInt32LE(12)) || BERKELEY.has(start.readUInt32BE(12)))) {
    throw new ThymusError(
      'REFERENCE',
      'a database of Berkeley DB, as RHEL 8 and older systems have it, is not read: let rpm print its digests for --digests',
    )
  } else throw new ThymusError('FORMAT', 'neither a package of RPM or of Debian, nor a database of RPM')
}

function untarred(bytes: Buffer): Buffer {
  try {
    return unpacked(bytes, MAX_FILE)
  } catch (cause) {
    throw new ThymusError('FORMAT', `it cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** @param base where the header stands in its file */
function installed(blob: Uint8Array, base = 0): Package {
  const reader = new ByteReader(blob, 'big', base)
  const header = readRpmHeader(reader, base)
  reader.finish('data')
  return { name: rpmName(header), files: rpmFiles({ header }) }
}

interface Row {
  readonly hnum: bigint
  readonly blob: Uint8Array
}

/**
 * rpm leaves the database in WAL mode, which to read makes files beside it; where no log stands there, none are made: the machine may be somebody's
 * evidence, or its disk be mounted for reading alone.
 */
function* sqliteHeaders(path: string): Generator<Row> {
  const url = pathToFileURL(resolve(path))
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  url.search = log === undefined || log.size === 0 ? 'mode=ro&immutable=1' : 'mode=ro'
  const db = new DatabaseSync(url, { readOnly: true, defensive: true, readBigInts: true })
  try {
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    // Views, virtual tables and generated columns run what the file says when they are read, and could take for ever.
    const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'Packages' AND sql GLOB 'CREATE TABLE *'").get()
    const columns = table === undefined ? [] : db.prepare('PRAGMA table_xinfo(Packages)').all()
    const isStored = (wanted: string) => columns.some(({ name, hidden }) => name === wanted && hidden === 0n)
    if (!isStored('hnum') || !isStored('blob')) throw new ThymusError('FORMAT', 'the database has no packages', { at: 'Packages' })
    // As the table has them, which is by number: to sort them is to read all first, and pages that are named again and again have no end.
    let last = 0n
    for (const { hnum, blob } of db.prepare('SELECT hnum, blob FROM Packages NOT INDEXED').iterate()) {
      if (typeof hnum !== 'bigint' || hnum <= last) throw new ThymusError('FORMAT', 'headers out of order', { at: `header ${hnum}` })
      if (!(blob instanceof Uint8Array)) throw new ThymusError('FORMAT', 'no header', { at: `header ${hnum}` })
      last = hnum
      yield { hnum, blob }
    }
  } finally {
    db.close()
  }
}

function whole(path: string): Buffer {
  if (statSync(path).size > MAX_FILE) throw new ThymusError('FORMAT', `more than ${MAX_FILE} bytes`)
  return readFileSync(path)
}

/** The first bytes of a file: all, where it is shorter. */
function beginning(path: string, most: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(Math.min(most, statSync(path).size))
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, length)
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
