// The import law: `core ← formats ← lang ← layers ← crossings ← server ← cli, agent`; `engine` and `outputs` import `core` alone;
// no layer imports another; adapters may import what declares their ports, and only `agent`, `cli` and tests import them.
// Prints one line per breach; exit 1 if there is one.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const MAY: Readonly<Record<string, readonly string[]>> = {
  core: [],
  formats: ['core'],
  lang: ['core', 'formats'],
  layers: ['core', 'formats', 'lang'],
  engine: ['core'],
  outputs: ['core'],
  crossings: ['core', 'formats', 'lang', 'layers', 'engine'],
  adapters: ['core', 'formats', 'engine', 'layers'],
  server: ['core', 'formats', 'lang', 'layers', 'crossings', 'engine', 'outputs'],
  cli: ['core', 'formats', 'lang', 'layers', 'crossings', 'engine', 'outputs', 'server', 'adapters', 'agent'],
  agent: ['core', 'formats', 'lang', 'layers', 'crossings', 'engine', 'outputs', 'server', 'adapters'],
}

/** Node's own modules that reach outside the process, and the rooms that may have them. */
const OUTSIDE = /^node:(fs|net|http|https|child_process|dgram|tls|sqlite|cluster|worker_threads)/
const OUTSIDE_ROOMS = new Set(['adapters', 'server', 'cli', 'agent'])
const EXCEPT: Readonly<Record<string, RegExp>> = { 'src/engine/store': /^node:(fs|sqlite)/ }

const roomOf = (file: string) => file.split('/').slice(1, file.startsWith('src/layers/') || file.startsWith('src/crossings/') ? 3 : 2)
const breaches: string[] = []
for (const file of globSync('src/**/*.ts')) {
  if (file.endsWith('.test.ts')) continue
  const [room, part] = roomOf(file)
  for (const match of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'\n]*?(?:from )?'([^']+)'|import\('([^']+)'\)/gm)) {
    const target = match[1] ?? match[2]!
    if (OUTSIDE.test(target)) {
      const excepted = Object.entries(EXCEPT).some(([folder, allowed]) => file.startsWith(folder) && allowed.test(target))
      if (!OUTSIDE_ROOMS.has(room!) && !excepted) breaches.push(`${file}: ${room} has no business with ${target}`)
    }
    if (!target.startsWith('.')) continue
    const [to, toPart] = roomOf(normalize(join(dirname(file), target)))
    if (to === room) {
      if ((room === 'layers' || room === 'crossings') && part !== toPart)
        breaches.push(`${file}: ${room}/${part} imports ${room}/${toPart}`)
    } else if (!MAY[room!]?.includes(to!)) breaches.push(`${file}: ${room} imports ${to} (${target})`)
  }
}
for (const breach of breaches) console.error(breach)
process.exitCode = breaches.length > 0 ? 1 : 0
