import assert from 'node:assert/strict'
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import test from 'node:test'
import { ThymusError } from '../../../core/errors.ts'
import { RegoRejected } from '../errors.ts'
import { printJson } from '../values/text.ts'
import { type BundleOptions, readBundle } from './bundle.ts'
import type { Verification } from './signature.ts'

const surroundings = { now: 0n, clock: () => 0, random: () => 0 }
const read = (files: Readonly<Record<string, string | Buffer>>, options: Partial<BundleOptions> = {}) =>
  readBundle(
    Object.entries(files).map(([path, content]) => ({ path, bytes: Buffer.from(content) })),
    { version: 'v1', surroundings, ...options },
  )
const refused = (work: () => unknown, words: RegExp) =>
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof ThymusError && error.code === 'BUNDLE', String(error))
    assert.match(`${error.message} (${error.at})`, words)
    return true
  })

test('data is put below its folder, modules are kept by their paths', () => {
  const { data, modules, manifest } = read({
    'data.json': '{"top": 1.0}',
    'a/b/data.yaml': 'list: [1, 2]\n',
    'a/b/data.json': '{"c": {}}',
    'a/p.rego': 'package a.q\n',
    'a/other.json': '{"not": "read"}',
    'README.md': 'nothing',
  })
  assert.equal(printJson(data), '{"a":{"b":{"c":{},"list":[1,2]}},"top":1.0}')
  assert.deepEqual([...modules], [['a/p.rego', { text: 'package a.q\n', version: 'v1' }]])
  assert.deepEqual(manifest, { revision: '', roots: [''], regoVersion: undefined, fileVersions: [] })
})

test('the manifest says what the bundle owns and how its modules are read', () => {
  const manifest = {
    revision: 'r7',
    roots: ['/a/', 'c/d'],
    rego_version: 0,
    file_rego_versions: { '/a/new/*.rego': 1 },
    metadata: { x: 1 },
  }
  const bundle = read({
    '.manifest': JSON.stringify(manifest),
    'a/p.rego': 'package a\np { true }\n',
    'a/new/p.rego': 'package a.new\np if true\n',
    'c/d/data.json': '1',
  })
  assert.deepEqual(bundle.manifest.roots, ['a', 'c/d'])
  assert.deepEqual(
    [...bundle.modules.values()].map(({ version }) => version),
    ['v0', 'v1'],
  )
  assert.equal(printJson(bundle.data), '{"c":{"d":1}}')
})

test('what is outside of the roots is refused', () => {
  const manifest = '{"roots": ["a", "c/d"]}'
  refused(() => read({ '.manifest': manifest, 'data.json': '{"b": 1}' }), /data\.b/)
  refused(() => read({ '.manifest': manifest, 'c/data.json': '{"d": 1, "e": 1}' }), /data\.c\.e/)
  refused(() => read({ '.manifest': manifest, 'data.json': '{"c": 1}' }), /data\.c/)
  refused(() => read({ '.manifest': manifest, 'p.rego': 'package b' }), /package b/)
  refused(() => read({ '.manifest': manifest, 'p.rego': 'package c' }), /package c/)
  assert.equal(printJson(read({ '.manifest': manifest, 'data.json': '{"c":{"d":{"e":1}}}' }).data), '{"c":{"d":{"e":1}}}')
})

test('a manifest that is none is refused', () => {
  for (const text of [
    '',
    '[]',
    '{',
    '{"roots": "a"}',
    '{"roots": [1]}',
    '{"rego_version": 2}',
    '{"revision": 1}',
    '{"roots": ["a", "a/b"]}',
    '{"roots": ["", "a"]}',
    '{"wasm": [{"entrypoint": "a"}]}',
    '{"file_rego_versions": {"[": 0}}',
  ])
    refused(() => read({ '.manifest': text, 'a/p.rego': 'package a' }), /manifest/)
  refused(() => read({ 'x/.manifest': '{}' }), /x\/\.manifest/)
  for (const name of ['policy.wasm', 'patch.json']) refused(() => read({ [name]: '' }), /not taken/)
})

test('files that are not what their names say are refused', () => {
  refused(() => read({ 'data.json': '{' }), /data\.json/)
  refused(() => read({ 'data.json': '[1]' }), /no object at the root/)
  refused(() => read({ 'data.json': `${'['.repeat(100_000)}` }), /nested deeper/)
  refused(() => read({ 'data.yaml': 'a: [' }), /data\.yaml/)
  refused(() => read({ 'data.json': '{"a": 1}', 'a/data.json': '{}' }), /place of other data/)
  refused(() => read({ 'p.rego': Buffer.from([0xff, 0xfe]) }), /UTF-8/)
  assert.throws(() => read({ 'p.rego': 'package' }), RegoRejected)
  assert.equal(printJson(read({ 'data.json': '{"__proto__": {"x": 1}}' }).data), '{"__proto__":{"x":1}}')
})

const FILES = { 'data.json': '{ "b": 1.0, "a": "<é>" }', 'p.rego': 'package p\n', '.manifest': '{"revision":"1"}' }
/** As `opa build` hashes them: documents without spaces and in order. */
const HASHED = { 'data.json': '{"a":"<é>","b":1.0}', 'p.rego': 'package p\n', '.manifest': '{"revision":"1"}' }
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const RS256: Verification = { key: pem, algorithm: 'RS256', keyId: 'default', scope: '' }
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

interface Claims {
  readonly files?: readonly object[]
  readonly kid?: string
  readonly scope?: string
  readonly alg?: string
}

const listed = (contents: Readonly<Record<string, string>>) =>
  Object.entries(contents).map(([name, text]) => ({ name, algorithm: 'SHA-256', hash: createHash('sha256').update(text).digest('hex') }))

function signed({ files = listed(HASHED), kid = 'default', scope = '', alg = 'RS256' }: Claims = {}, secret?: string): string {
  const part = `${base64({ alg, kid })}.${base64({ files, ...(scope === '' ? {} : { scope }) })}`
  const signature =
    secret === undefined ? sign('sha256', Buffer.from(part), pair.privateKey) : createHmac('sha256', secret).update(part).digest()
  return JSON.stringify({ signatures: [`${part}.${signature.toString('base64url')}`] })
}

test('a signed bundle is taken by the right key alone', () => {
  const files = { ...FILES, '.signatures.json': signed() }
  assert.equal(read(files, { verification: RS256 }).manifest.revision, '1')
  assert.equal(read(files, { verification: 'skip' }).manifest.revision, '1')
  refused(() => read(files), /no key to verify it by/)
  refused(() => read(FILES, { verification: RS256 }), /not signed/)
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
  refused(() => read(files, { verification: { ...RS256, key: other } }), /not by this key/)
  refused(() => read(files, { verification: { ...RS256, keyId: 'mine' } }), /by the key "default"/)
  refused(() => read(files, { verification: { ...RS256, scope: 'write' } }), /another scope/)
  assert.doesNotThrow(() =>
    read({ ...FILES, '.signatures.json': signed({ scope: 'write' }) }, { verification: { ...RS256, scope: 'write' } }),
  )
})

test('an algorithm is that of the key, never that of the token', () => {
  const secret: Verification = { key: 'secret', algorithm: 'HS256', keyId: 'default', scope: '' }
  assert.doesNotThrow(() => read({ ...FILES, '.signatures.json': signed({ alg: 'HS256' }, 'secret') }, { verification: secret }))
  // the public key as a secret
  refused(() => read({ ...FILES, '.signatures.json': signed({ alg: 'HS256' }, pem) }, { verification: RS256 }), /not by this key/)
  refused(() => read({ ...FILES, '.signatures.json': signed({ alg: 'none' }, '') }, { verification: RS256 }), /not by this key/)
})

test('a file that was changed, added or taken away is found', () => {
  const files = { ...FILES, '.signatures.json': signed() }
  const verification = RS256
  refused(() => read({ ...files, 'p.rego': 'package q\n' }, { verification }), /not the file that was signed \(p\.rego/)
  refused(() => read({ ...files, 'data.json': '{"a":"<é>","b":1}' }, { verification }), /data\.json/)
  assert.doesNotThrow(() => read({ ...files, 'data.json': '{"a":"\\u003cé>",\n"b":1.0}' }, { verification }))
  refused(() => read({ ...files, 'q.rego': 'package q\n' }, { verification }), /not among those that were signed \(q\.rego/)
  refused(() => read({ 'p.rego': FILES['p.rego'], '.signatures.json': files['.signatures.json'] }, { verification }), /is not there/)
  refused(
    () =>
      read(
        { ...FILES, '.signatures.json': signed({ files: listed(HASHED).map((file) => ({ ...file, algorithm: 'MD5' })) }) },
        { verification },
      ),
    /MD5/,
  )
  refused(() => read({ ...FILES, '.signatures.json': signed({ files: [] }) }, { verification }), /not among/)
})

test('signatures that are none are refused', () => {
  for (const text of [
    '',
    '{',
    '[]',
    '{"signatures":[]}',
    '{"signatures":["a.b.c","a.b.c"]}',
    '{"signatures":["x"]}',
    '{"signatures":["a.b.c"]}',
    '{"signatures":[".."]}',
    '{"signatures":[1]}',
    `{"signatures":["${base64({})}.${base64({ files: 1 })}.AA"]}`,
  ])
    refused(() => read({ ...FILES, '.signatures.json': text }, { verification: RS256 }), /./)
})
