// Manifests for `thymus scan`, in a folder of the test's own, and the program asked about them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import type { Finding } from '../../src/core/finding.ts'
import { type Ended, thymus } from './cli.ts'

export const folder = mkdtempSync(join(tmpdir(), 'thymus-scan-'))
after(() => rmSync(folder, { recursive: true }))
/** Writes it; names it from the folder, in which the program runs. */
export const file = (name: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
  return name
}
export const scan = (words: readonly string[], input?: string | Uint8Array): Promise<Ended> =>
  thymus(['scan', 'manifests', ...words], { cwd: folder, env: process.env, ...(input === undefined ? {} : { input }) })
export const findings = async (words: readonly string[], input?: string): Promise<readonly Finding[]> =>
  (JSON.parse((await scan(['-o', 'json', ...words], input)).stdout) as { items: readonly Finding[] }).items
/** Without those that only say what would be better. */
export const severe = (items: readonly Finding[]) =>
  items.filter(({ severity }) => severity === 'high' || severity === 'critical').map(({ rule, place }) => [rule!.name, place!.line])

/** Without end: more may be written behind its container. */
export const POD = (name: string, more = '') => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop}
spec:
  containers:
    - name: app
      image: registry.example.com/app:1
${more}`
export const PRIVILEGED = `      securityContext:
        privileged: true
`
