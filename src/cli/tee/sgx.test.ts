import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { type ManifestFlags, manifest } from './sgx-manifest.ts'
import { measure } from './sgx-measure.ts'

const FLAGS: ManifestFlags = { 'enclave-size': 512, 'max-threads': 4, 'isv-prod-id': 0, 'isv-svn': 1 }

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sgx-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

async function said(context: TestContext, work: () => Promise<unknown>): Promise<string> {
  const parts: string[] = []
  const { mock } = context.mock.method(process.stdout, 'write', (text: string) => parts.push(text) > 0)
  await work().finally(() => mock.restore())
  return parts.join('')
}

test('a manifest trusts every file below a folder, and links that lead to one', async (context) => {
  const folder = folderOf(context)
  mkdirSync(join(folder, 'sub'))
  for (const name of ['app', 'sub/data']) writeFileSync(join(folder, name), name)
  symlinkSync('app', join(folder, 'link'))
  symlinkSync('nowhere', join(folder, 'dangling'))
  symlinkSync('.', join(folder, 'circle'))
  const program = join(folder, 'app')
  const text = await said(context, () => manifest({ ...FLAGS, trust: [`${folder}/`] }, program, 'word'))
  const trusted = [...text.matchAll(/uri = "file:(\/[^"]+)", sha256 = "(\w+)"/g)].map(([, path, sha256]) => [path, sha256])
  const digest = (content: string) => createHash('sha256').update(content).digest('hex')
  assert.deepEqual(trusted, [
    [program, digest('app')],
    [join(folder, 'link'), digest('app')],
    [join(folder, 'sub/data'), digest('sub/data')],
  ])
  assert.ok(text.includes(`loader.argv = ["${program}", "word"]`))
})

test('a manifest is not made of what is not there', async () => {
  await assert.rejects(manifest(FLAGS, 'app'), { code: 'USAGE' })
  await assert.rejects(manifest(FLAGS, '/nowhere/app'), { code: 'USAGE', at: '/nowhere/app' })
})

test('what is no SIGSTRUCT is not measured', async (context) => {
  const file = join(folderOf(context), 'app.sig')
  await assert.rejects(measure({}, file), { code: 'USAGE' })
  writeFileSync(file, Buffer.alloc(1808))
  await assert.rejects(measure({}, file), { code: 'FORMAT' })
})
