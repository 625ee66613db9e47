// Package files of Debian (deb(5)): an archive of ar, in which an archive of tar, packed or not, has the files.
import { hash } from 'node:crypto'
import { ThymusError } from '../core/errors.ts'
import { isTarFile, tarEntries } from './tar.ts'

export interface DebFile {
  readonly path: string
  readonly digest: { readonly algorithm: 'sha256'; readonly bytes: Buffer; readonly of: 'file' }
}

export const DEB_MAGIC = '!<arch>\n'
const HEAD_SIZE = 60
const [NAME_END, SIZE_AT, SIZE_END, END_AT] = [16, 48, 58, 58]
/** The first is `debian-binary`, and behind the data comes what dpkg does not look at. */
const MAX_MEMBERS = 16
const MAX_FILES = 2_000_000
const MAX_PATH = 4096

/** The archive of files in a package, as it is packed there. @throws ThymusError FORMAT */
export function debData(bytes: Buffer): Buffer {
  if (bytes.toString('latin1', 0, DEB_MAGIC.length) !== DEB_MAGIC) refuse('no package of Debian', 0)
  let at = DEB_MAGIC.length
  for (let member = 0; member < MAX_MEMBERS && at + HEAD_SIZE <= bytes.length; member++) {
    const head = bytes.toString('latin1', at, at + HEAD_SIZE)
    const size = /^(\d+) *$/.exec(head.slice(SIZE_AT, SIZE_END))?.[1]
    if (size === undefined || head.slice(END_AT) !== '`\n') refuse('no head of a member', at)
    const name = head.slice(0, NAME_END).replace(/\/? *$/, '')
    const content = bytes.subarray(at + HEAD_SIZE, at + HEAD_SIZE + Number(size))
    if (content.length < Number(size)) refuse(`${name} is cut off`, at)
    if (member === 0 && (name !== 'debian-binary' || !content.toString('latin1', 0, 2).startsWith('2.')))
      refuse('no package of Debian 2', at)
    if (/^data\.tar(?:\.|$)/.test(name)) return content
    at += HEAD_SIZE + Number(size) + (Number(size) % 2)
  }
  refuse('no data.tar', at)
}

/** The regular files of the archive, with their digests; a hard link is the file that it leads to. @throws ThymusError FORMAT */
export function debFiles(tar: Buffer): readonly DebFile[] {
  const files = new Map<string, Buffer>()
  for (const entry of tarEntries(tar, 'FORMAT')) {
    const path = pathOf(entry.name)
    if (isTarFile(entry)) files.set(path, hash('sha256', entry.content, 'buffer'))
    else if (entry.type === '1') {
      const of = files.get(pathOf(entry.link))
      if (of === undefined) throw new ThymusError('FORMAT', 'a hard link to what is not there', { at: path })
      files.set(path, of)
    }
    if (files.size > MAX_FILES) throw new ThymusError('FORMAT', `more than ${MAX_FILES} files`, { at: path })
  }
  return [...files].map(([path, bytes]) => ({ path, digest: { algorithm: 'sha256', bytes, of: 'file' } }))
}

/** dpkg writes `./usr/bin/env`. */
function pathOf(name: string): string {
  if (name.length > MAX_PATH) throw new ThymusError('FORMAT', `a path longer than ${MAX_PATH}`)
  return `/${name.replace(/^\.?\/+/, '')}`
}

function refuse(message: string, at: number): never {
  throw new ThymusError('FORMAT', message, { at: `byte ${at}` })
}
