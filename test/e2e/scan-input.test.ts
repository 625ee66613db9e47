// What is given to `thymus scan`: hostile files, folders with links, pipes, and very many objects.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, test } from 'node:test'
import { PROGRAM } from '../kit/cli.ts'
import { file, findings, folder, POD, PRIVILEGED, scan } from '../kit/manifests.ts'

describe('input that is none', () => {
  const refused = async (words: readonly string[], says: RegExp, wanted = 1, input?: string | Uint8Array) => {
    const { stdout, stderr, status } = await scan(words, input)
    assert.deepEqual([stdout, status], ['', wanted], stderr)
    assert.match(stderr, says)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  }

  test('is one clear error that names the place', async () => {
    await refused([file('bad.yaml', 'a: b\n  c: d\n')], /^thymus: MANIFEST: .* \(at bad\.yaml:2:\d+\)\n$/)
    await refused([file('twice.yaml', `${POD('web')}    - name: b\n      name: c\n`)], /"name" is here twice \(at twice\.yaml:9:7\)/)
    await refused([file('twice.json', '{"kind": "Pod",\n"kind": "Pod"}')], /"kind" is here twice \(at twice\.json:2:1\)/)
    await refused([file('binary.yaml', Buffer.from('a: b\nc: \xff\xfe\x00', 'latin1'))], /not text in UTF-8 \(at binary\.yaml:2\)/)
    await refused([file('nul.yaml', 'a: \0\n')], /control characters/)
    await refused([file('deep.json', '['.repeat(100_000))], /^thymus: MANIFEST: /)
    await refused([file('deep.yaml', `a: ${'{b: '.repeat(5_000)}`)], /^thymus: MANIFEST: /)
    await refused([file('bomb.yaml', bomb())], /^thymus: MANIFEST: /)
    await refused([file('helm.yaml', 'kind: Pod\nname: {{ .Values.name }}\n')], /helm template CHART \| thymus scan manifests -/)
    await refused(['-'], /not text in UTF-8 \(at <stdin>:1\)/, 1, Buffer.from([0xff]))
  })

  test('is not taken for input in which nothing was found', async () => {
    const none = (at: string) => new RegExp(`^thymus: MANIFEST: there is no document here \\(at ${at}\\)\n$`)
    await refused(['-'], none('<stdin>'), 1, '')
    await refused([file('comment.yaml', '# Source: chart\n---\n')], none('comment.yaml'))
    file('nothing/empty.yaml', '')
    await refused(['nothing'], none('nothing'))
    await refused(['--policy', 'nothing', file('pod.yaml', POD('web'))], none('nothing'))
    file('nothing-else/empty.yaml', '')
    file('nothing-else/values.yaml', 'replicas: 1\n')
    assert.match((await scan(['nothing-else'])).stderr, /0 objects in 2 files, 0 findings, 1 document skipped/)
    assert.match(
      (await scan(['-'], 'apiVersion: v1\nkind: List\nitems: []\n')).stderr,
      /0 objects in 1 file, 0 findings, 0 documents skipped/,
    )
  })

  test('a folder is read whole or not at all', async () => {
    file('folder/a.yaml', POD('web', PRIVILEGED))
    file('folder/b.yaml', 'a: [\n')
    await refused(['folder'], /\(at folder\/b\.yaml:2:\d+\)/)
  })

  test('what is not there, or cannot be meant, is a matter of usage', async () => {
    mkdirSync(join(folder, 'empty'), { recursive: true })
    await refused(['no-such'], /USAGE: there is no such file \(at no-such\)/, 64)
    await refused(['empty'], /USAGE: there is no file here that ends in \.yaml, \.yml, \.json/, 64)
    await refused(['--pack', 'bad', 'empty'], /"bad" is not one of baseline, capabilities/, 64)
    await refused(['--pack', 'images', '--no-packs', 'empty'], /exclude each other/, 64)
    await refused(['--pod-security', 'strict', 'empty'], /"strict" is not one of privileged, baseline, restricted/, 64)
    await refused(['--pod-security', 'baseline:1.30', 'empty'], /"1\.30" is neither latest nor a version/, 64)
    await refused(['--policy', '-', '-'], /stdin can be read once/, 64)
  })

  test('names that mean something to JavaScript mean nothing here', async () => {
    await refused([file('proto.yaml', `${POD('web')}__proto__: {a: b}\n`)], /__proto__/)
    const named = `apiVersion: v1\nkind: constructor\nmetadata: {name: toString, namespace: constructor, labels: {valueOf: x}}\n`
    assert.equal((await scan([file('constructor.yaml', named)])).status, 0)
  })
})

describe('many files', () => {
  test('come in the order of their names; links lead nowhere else, and nothing is read twice', async () => {
    file('tree/b/two.yml', POD('two', PRIVILEGED))
    file('tree/a/one.json', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec: { hostPID: true } }))
    file('tree/c.txt', 'no manifest: [')
    file('tree/.hidden/x.yaml', 'not: [read')
    file('outside.yaml', POD('outside', PRIVILEGED))
    symlinkSync(join(folder, 'outside.yaml'), join(folder, 'tree/link-out.yaml'))
    symlinkSync('b/two.yml', join(folder, 'tree/link-in.yaml'))
    symlinkSync('..', join(folder, 'tree/a/loop'))
    symlinkSync('nowhere', join(folder, 'tree/broken.yaml'))
    const items = await findings(['--no-packs', 'tree'])
    assert.deepEqual(
      items.map(({ place, about }) => [place!.file, about]),
      [
        ['tree/a/one.json', 'Pod one'],
        ['tree/b/two.yml', 'Pod shop/two'],
      ],
    )
  })

  test('a pipe has no length, and is read to an end of our choice', () => {
    file('pod.yaml', POD('web', PRIVILEGED))
    const bash = (line: string) =>
      spawnSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8', env: { ...process.env, THYMUS: PROGRAM } })
    const piped = bash('"$THYMUS" scan manifests --no-packs <(cat pod.yaml)')
    assert.equal(piped.status, 2)
    assert.match(piped.stdout, /PodSecurity\/privileged/)
    for (const line of ['yes | "$THYMUS" scan manifests -', '"$THYMUS" scan manifests <(yes)', '"$THYMUS" scan manifests /dev/zero']) {
      const { status, stderr } = bash(line)
      assert.equal(status, 1)
      assert.match(stderr, /^thymus: MANIFEST: more than 32 MiB \(at /)
    }
  })

  test('1,000 workloads with all packs, and 10,000 documents, take seconds', async () => {
    const deployment = (at: number) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web-${at}, namespace: shop}
spec:
  template:
    spec:
      containers: [{name: app, image: nginx}, {name: side, image: nginx, securityContext: {privileged: true}}]
`
    file('1000.yaml', Array.from({ length: 1_000 }, (_, at) => deployment(at)).join('---\n'))
    const began = performance.now()
    const { stderr, status } = await scan(['-o', 'ndjson=out.ndjson', '1000.yaml'])
    assert.match(stderr, /^1000 objects in 1 file, \d{5} findings/)
    assert.equal(status, 2)
    assert.ok(performance.now() - began < 30_000, `${performance.now() - began} ms`)
    const documents = Array.from({ length: 10_000 }, (_, at) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${at}}\n`).join('---\n')
    const then = performance.now()
    assert.match((await scan(['-'], documents)).stderr, /^10000 objects in 1 file, 0 findings/)
    assert.ok(performance.now() - then < 30_000, `${performance.now() - then} ms`)
  })
})

/** Aliases of aliases: a small text of which ten to the ninth values would be made. */
function bomb(): string {
  const line = (at: number) => `a${at}: &a${at} [${Array.from({ length: 10 }, () => (at === 0 ? '1' : `*a${at - 1}`)).join(', ')}]\n`
  return Array.from({ length: 9 }, (_, at) => line(at)).join('')
}
