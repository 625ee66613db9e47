// Stands where the mind stands and tries what the mind needs, and what it must never be able to do. Prints what became of each as JSON.
// Usage: mind-probe.ts STATE DOOR OTHER, OTHER being a folder that is not its own but that anyone may write.
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { connect, createServer as listener } from 'node:net'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { zstdCompressSync } from 'node:zlib'
import koffi from 'koffi'

const [state, door, other] = process.argv.slice(2) as [string, string, string]
const said: Record<string, string> = {}

async function attempt(name: string, act: () => unknown): Promise<void> {
  try {
    await act()
    said[name] = 'ok'
  } catch (error) {
    said[name] = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

function database(): void {
  const database = new DatabaseSync(join(state, 'store.db'))
  database.exec('pragma journal_mode = wal; create table t (n); insert into t values (1)')
  database.close()
}

function served(): Promise<void> {
  const socketPath = join(door, 'api.sock')
  return new Promise((resolve, reject) => {
    const server = createServer((_, response) => response.end()).on('error', reject)
    server.listen(socketPath, () => {
      chmodSync(socketPath, 0o666)
      get({ socketPath }, () => resolve(void server.close())).on('error', reject)
    })
  })
}

function worker(): Promise<void> {
  return new Promise((resolve, reject) => new Worker('', { eval: true }).on('error', reject).on('exit', () => resolve()))
}

function reached(port: number): Promise<void> {
  return new Promise((resolve, reject) => connect(port, '127.0.0.1', resolve).on('error', reject))
}

function listened(): Promise<void> {
  return new Promise((resolve, reject) => listener().on('error', reject).listen(0, '127.0.0.1', resolve))
}

function executed(file: string): void {
  const { error } = spawnSync(file, ['-e', ''])
  if (error !== undefined) throw error
}

await attempt('a database in the state folder', database)
await attempt('moving files inside the state folder', () => {
  mkdirSync(join(state, 'segments'))
  writeFileSync(join(state, 'segment'), '')
  renameSync(join(state, 'segment'), join(state, 'segments/0'))
})
await attempt('its socket', served)
await attempt('koffi', () => koffi.load('libc.so.6').func('int getpid()')())
await attempt('a thread', worker)
await attempt('cryptography', () => generateKeyPairSync('ed25519'))
await attempt('compression', () => zstdCompressSync('x'))
await attempt('memory, processors, time zone', () => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (process.memoryUsage().rss === 0 || cpus().length === 0 || zone === '') throw new Error('unknown')
})
await attempt('its own code', () => readFileSync(join(import.meta.dirname, '../../package.json')))

await attempt('! writing elsewhere', () => writeFileSync(join(other, 'made'), ''))
await attempt('! emptying a file elsewhere', () => truncateSync(join(other, 'file')))
await attempt('! removing a file elsewhere', () => rmSync(join(other, 'file')))
await attempt('! reading elsewhere', () => readFileSync(join(other, 'file')))
await attempt('! a device', () => openSync('/dev/zero', 'r'))
await attempt('! running a program', () => executed('/bin/sh'))
await attempt('! changing its own code', () => openSync(import.meta.filename, 'r+'))
await attempt('! reaching a TCP port', () => reached(9))
await attempt('! listening at a TCP port', listened)
await attempt('! a signal to a process outside', () => void process.kill(process.ppid, 0))
console.log(JSON.stringify(said))
