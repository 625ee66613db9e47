// An attack in miniature: writes a program (here a copy of /bin/echo) into memory that has no name in any directory, and becomes it.
// SAFETY: libc calls with constants and buffers that live until execveat replaces the process.
import { readFileSync, writeSync } from 'node:fs'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)')
const execveat = libc.func('int execveat(int folder, const char *path, const char **argv, const char **envp, int flags)')
const fcntl = libc.func('int fcntl(int fd, int command, int value)')
const AT_EMPTY_PATH = 0x1000
const F_SETFD = 2

function failed(call: string): never {
  const [name] = Object.entries(koffi.os.errno).find(([, value]) => value === koffi.errno()) ?? ['an unknown error']
  console.log(`${call}: ${name}`)
  process.exit(1)
}

const fd = memfdCreate('payload', 0)
if (fd < 0) failed('memfd_create')
writeSync(fd, readFileSync('/bin/echo'))
for (const stdio of [0, 1, 2]) fcntl(stdio, F_SETFD, 0) // Node closes them on exec
execveat(fd, '', ['payload', 'the payload ran', null], [null], AT_EMPTY_PATH)
failed('execveat')
