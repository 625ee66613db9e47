// Replaces itself by an image in one of the forms that leave no file behind. Usage: fileless.ts FORM; the image prints `ran`.
// SAFETY: libc calls with constants and buffers that live until execve replaces the process.
import { copyFileSync, linkSync, openSync, readFileSync, symlinkSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)')
const execveat = libc.func('int execveat(int folder, const char *path, const char **argv, const char **envp, int flags)')
const fcntl = libc.func('int fcntl(int fd, int command, int value)')
const AT_FDCWD = -100
const AT_EMPTY_PATH = 0x1000
const O_TMPFILE = 0o20200000
const F_SETFD = 2

const ECHO = readFileSync('/bin/echo')
const SCRIPT = Buffer.from('#!/bin/sh\necho ran\n')
const folder = process.argv[3]!
const at = (name: string) => `${folder}/${name}`

/** A descriptor that stays open over exec; images are written through another one, since a file that is open for writing does not run. */
function memfd(content: Buffer): number {
  const fd = memfdCreate('form', 0)
  writeSync(fd, content)
  return fd
}

/** A file that never had a name. An overlay may not have such (6.1); the folder of run-time files then does. */
function unnamed(): number {
  try {
    return openSync(folder, O_TMPFILE | 2, 0o755)
  } catch {
    return openSync('/run', O_TMPFILE | 2, 0o755)
  }
}

function reopened(path: string): number {
  const fd = openSync(path, 'r')
  fcntl(fd, F_SETFD, 0)
  return fd
}

function run(fd: number, path: string, flags: number, ...words: string[]): void {
  for (const stdio of [0, 1, 2]) fcntl(stdio, F_SETFD, 0) // Node closes them on exec
  execveat(fd, path, [path || 'image', ...words, null], ['PATH=/usr/bin:/bin', null], flags)
  console.error(`execveat: errno ${koffi.errno()}`)
  process.exitCode = 126
}

const byPath = (path: string, ...words: string[]) => run(AT_FDCWD, path, 0, ...words)

const FORMS: Readonly<Record<string, () => void>> = {
  'memfd by execveat': () => run(memfd(ECHO), '', AT_EMPTY_PATH, 'ran'),
  'memfd by /proc/self/fd': () => byPath(`/proc/self/fd/${memfd(ECHO)}`, 'ran'),
  'memfd by /dev/fd': () => byPath(`/dev/fd/${memfd(ECHO)}`, 'ran'),
  O_TMPFILE: () => {
    const fd = unnamed()
    writeSync(fd, ECHO)
    byPath(`/proc/self/fd/${reopenedReadOnly(fd)}`, 'ran')
  },
  'deleted file': () => {
    copyFileSync('/bin/echo', at('deleted'))
    const fd = reopened(at('deleted'))
    unlinkSync(at('deleted'))
    run(fd, '', AT_EMPTY_PATH, 'ran')
  },
  'unlinked name of a file with another link': () => {
    copyFileSync('/bin/echo', at('one'))
    linkSync(at('one'), at('two'))
    const fd = reopened(at('one'))
    unlinkSync(at('one'))
    run(fd, '', AT_EMPTY_PATH, 'ran')
  },
  'file in /dev/shm': () => {
    copyFileSync('/bin/echo', '/dev/shm/thymus-form')
    byPath('/dev/shm/thymus-form', 'ran')
  },
  'script in a memfd by /proc/self/fd': () => byPath(`/proc/self/fd/${memfd(SCRIPT)}`),
  'script in a memfd by a symbolic link': () => {
    symlinkSync(`/proc/self/fd/${memfd(SCRIPT)}`, at('link'))
    byPath(at('link'))
  },
  'script in a memfd by /proc/PID/fd': () => byPath(`/proc/${process.pid}/fd/${memfd(SCRIPT)}`),
  'sh /proc/self/fd': () => byPath('/bin/sh', `/proc/self/fd/${memfd(SCRIPT)}`),
  'ld.so with a descriptor': () => byPath('/lib64/ld-linux-x86-64.so.2', `/proc/self/fd/${memfd(ECHO)}`, 'ran'),
  'linked file by execveat': () => {
    copyFileSync('/bin/echo', at('linked'))
    run(reopened(at('linked')), '', AT_EMPTY_PATH, 'ran')
  },
  'linked file by path': () => byPath('/bin/echo', 'ran'),
  'script by path': () => {
    writeFileSync(at('script'), SCRIPT, { mode: 0o755 })
    byPath(at('script'))
  },
}

function reopenedReadOnly(fd: number): number {
  const copy = reopened(`/proc/self/fd/${fd}`)
  koffi.load('libc.so.6').func('int close(int fd)')(fd)
  return copy
}

FORMS[process.argv[2]!]!()
