// What a policy is asked, as its author meets it: schemas and examples of the documents, through the command line.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { DOORS } from '../../src/formats/doors/request.ts'
import { thymus } from '../kit/cli.ts'
import { findOpa } from '../kit/opa.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCHEMAS = 'docs/schemas'
const POLICIES = 'docs/examples/doors'
const PODS = 'src/cli/demo/props/pods.rego'
const folder = mkdtempSync(join(tmpdir(), 'thymus-doors-'))
after(() => rmSync(folder, { recursive: true }))
const check = (schema: string, ...words: string[]) => thymus(['rego', 'check', '-s', schema, ...words], { cwd: ROOT })

/** A field that each policy reads, misspelt, and the line. */
const MISSPELT = {
  admit: ['input.request.object.spec', 'input.request.objekt.spec', 8],
  exec: ['input.object.fileless', 'input.object.filess', 8],
  open: ['input.subject.process.user.euid !=', 'input.subject.process.user.uuid !=', 11],
  connect: ['peer.workload.labels', 'peer.workload.label', 8],
  accept: ['not input.object.peer.workload', 'not input.object.pear.workload', 8],
  bind: ['input.subject.workload.labels', 'input.subject.workloads.labels', 8],
  release: ['vulnerability.severity ==', 'vulnerability.severe ==', 9],
  attest: ['check.verdict.is !=', 'check.verdict.was !=', 10],
  respond: ['proof.denied * ', 'proof.deny * ', 11],
} as const satisfies Record<(typeof DOORS)[number], readonly [string, string, number]>

/** Copies of the policies with these mistakes. */
function misspelt(): string {
  const into = join(folder, 'misspelt')
  cpSync(join(ROOT, POLICIES), into, { recursive: true, filter: (file) => !file.endsWith('.json') })
  for (const [gate, [right, wrong]] of Object.entries(MISSPELT)) {
    const file = join(into, `${gate}.rego`)
    const text = readFileSync(file, 'utf8')
    assert.ok(text.includes(right), `${gate}: ${right}`)
    writeFileSync(file, text.replace(right, wrong))
  }
  return into
}

describe('thymus rego check with the schemas of the doors', () => {
  test('has nothing against a policy of each gate', async () => {
    assert.deepEqual(await check(SCHEMAS, POLICIES), { status: 0, signal: null, stdout: '', stderr: '' })
  })

  test('names each misspelt field with its line, as opa does', async (context) => {
    const policies = misspelt()
    const { status, stderr } = await check(SCHEMAS, policies, '--max-errors', '0')
    assert.equal(status, 1)
    for (const [gate, [, , line]] of Object.entries(MISSPELT))
      assert.match(stderr, new RegExp(`/${gate}\\.rego:${line}: rego_type_error: undefined ref: `), stderr)
    assert.equal(stderr.match(/rego_type_error/g)!.length, DOORS.length)
    const opa = findOpa()
    if (!('path' in opa)) context.diagnostic(`not compared: ${opa.why}`)
    else assert.equal(stderr, opaCheck(opa.path, policies))
  })

  test('knows fields that all gates together have', async () => {
    const file = join(folder, 'any.rego')
    const policy = (field: string) => `package any\n\ndeny contains "late" if {\n\tinput.gate == "exec"\n\tinput.object.${field}\n}\n`
    writeFileSync(file, policy('path'))
    assert.equal((await check(`${SCHEMAS}/request.json`, file)).stderr, '')
    writeFileSync(file, policy('pth'))
    const { status, stderr } = await check(`${SCHEMAS}/request.json`, file)
    assert.equal(status, 1)
    assert.match(stderr, /any\.rego:5: rego_type_error: undefined ref: input\.object\.pth/)
  })

  test('takes rules for AdmissionReview as they are', async () => {
    assert.deepEqual(await check(`${SCHEMAS}/admit.json`, PODS), { status: 0, signal: null, stdout: '', stderr: '' })
    const file = join(folder, 'pods.rego')
    writeFileSync(file, readFileSync(join(ROOT, PODS), 'utf8').replace('input.request.kind.kind', 'input.request.kind.kid'))
    const { status, stderr } = await check(`${SCHEMAS}/admit.json`, file)
    assert.equal(status, 1)
    assert.match(stderr, /pods\.rego:6: rego_type_error: undefined ref: input\.request\.kind\.kid/)
  })
})

describe('a policy of a gate decides its example', () => {
  const said: Record<(typeof DOORS)[number], readonly string[]> = {
    admit: ['container web is privileged'],
    exec: ['web runs memfd:x, which has no lasting name'],
    open: ['/etc/shadow is not for uid 33'],
    connect: ['a shell has no business with the database'],
    accept: ['203.0.113.9 is outside'],
    bind: ['TCP/4444 is not a port of a web server'],
    release: ['CVE-2026-1234 in pkg:deb/debian/openssl@3.0.1'],
    attest: ['SECURE_BOOT: unknown'],
    respond: [],
  }
  for (const gate of DOORS) {
    test(gate, async () => {
      const words = [
        '-s',
        SCHEMAS,
        '-d',
        `${POLICIES}/${gate}.rego`,
        '-i',
        `${POLICIES}/${gate}.json`,
        '-f',
        'raw',
        `data.doors.${gate}.deny`,
      ]
      const { stdout, stderr } = await thymus(['rego', 'eval', ...words], { cwd: ROOT })
      assert.deepEqual([JSON.parse(stdout), stderr], [said[gate], ''])
    })
  }
})

function opaCheck(opa: string, policies: string): string {
  const { status, stderr } = spawnSync(opa, ['check', '-s', SCHEMAS, policies, '--max-errors', '0'], { cwd: ROOT, encoding: 'utf8' })
  assert.equal(status, 1)
  return stderr
}
