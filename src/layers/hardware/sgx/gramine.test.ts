import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { collectGramine, type GramineFiles } from './gramine-attestation.ts'
import { type GramineWorkload, gramineManifest } from './gramine-manifest.ts'

const SHA = 'ab'.repeat(32)
const workload: GramineWorkload = {
  entrypoint: '/usr/bin/app',
  args: ['--listen', ':443'],
  env: [['MODE', 'safe']],
  mounts: ['/usr/bin/app', '/srv/data'],
  files: [
    { path: '/usr/bin/app', sha256: SHA },
    { path: '/srv/data/model', sha256: SHA },
  ],
  enclaveMib: 512,
  maxThreads: 8,
  isvProdId: 3,
  isvSvn: 2,
}

describe('a manifest', () => {
  test('names the program, all that it may read with its digest, and what its quotes will say', () => {
    const lines = gramineManifest(workload).split('\n')
    for (const line of [
      'libos.entrypoint = "/usr/bin/app"',
      'loader.argv = ["/usr/bin/app", "--listen", ":443"]',
      'loader.env.MODE = "safe"',
      'loader.env.LD_LIBRARY_PATH = "/lib:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu"',
      '  { path = "/srv/data", uri = "file:/srv/data" },',
      `  { uri = "file:/srv/data/model", sha256 = "${SHA}" },`,
      'sgx.debug = false',
      'sgx.remote_attestation = "dcap"',
      'sgx.file_check_policy = "strict"',
      'sgx.enclave_size = "512M"',
      'sgx.isvprodid = 3',
      'sgx.isvsvn = 2',
    ])
      assert.ok(lines.includes(line), line)
    assert.ok(!lines.some((line) => /insecure|passthrough|allowed_files/.test(line)), 'nothing is left to the host')
  })

  test('takes no text for its own syntax, nor for that of its templates', () => {
    const text = gramineManifest({ ...workload, args: ['"]\nsgx.debug = true #', '{{ env.SECRET }}{% raw %}', '\\', '\u0000é'] })
    assert.ok(
      text.includes(
        '"\\u0022]\\u000asgx.debug = true #", "\\u007b\\u007b env.SECRET \\u007d\\u007d\\u007b% raw %\\u007d", "\\u005c", "\\u0000é"',
      ),
    )
    assert.equal(text.match(/^sgx\.debug = /gm)?.length, 1)
    assert.equal(text.match(/\{\{/g)?.length, 4)
  })

  test('is not made of what it could not hold', () => {
    for (const more of [
      { entrypoint: 'app' },
      { entrypoint: '/usr/bin/other' },
      { mounts: ['/srv/../etc'] },
      { mounts: ['/srv/'] },
      { files: [{ path: '/usr/bin/app', sha256: 'AB' }] },
      { enclaveMib: 600 },
      { env: [['A B', '']] },
      { env: [['sgx.debug = true\nX', '']] },
    ] as readonly Partial<GramineWorkload>[])
      assert.throws(() => gramineManifest({ ...workload, ...more }), { code: 'USAGE' }, JSON.stringify(more))
  })
})

describe('the attestation files', () => {
  const files = (has: Readonly<Record<string, string>>) => {
    const written: Record<string, Buffer> = {}
    const port: GramineFiles = {
      read: (name) => (has[name] === undefined ? undefined : Buffer.from(has[name])),
      write(name, bytes) {
        written[name] = Buffer.from(bytes)
      },
    }
    return { port, written }
  }

  test('give a quote over what was asked for', () => {
    const { port, written } = files({ attestation_type: 'dcap\0', quote: 'Q' })
    const nonce = Buffer.alloc(32, 7)
    assert.deepEqual(collectGramine(port, 'app', nonce), { type: 'dcap-quote', about: 'app', parts: { quote: Buffer.from('Q') }, nonce })
    assert.deepEqual(written, { user_report_data: Buffer.concat([nonce, Buffer.alloc(32)]) })
  })

  test('give a report for the enclave itself where the manifest asks for no quotes', () => {
    const { port, written } = files({ attestation_type: 'none', my_target_info: 'T', report: 'R' })
    assert.equal(collectGramine(port, 'app', Buffer.alloc(64)).type, 'sgx-report')
    assert.deepEqual(written.target_info, Buffer.from('T'))
  })

  test('that are not there, or of a kind that nobody verifies any more, are named', () => {
    for (const has of [
      {},
      { attestation_type: 'epid', quote: 'Q' },
      { attestation_type: 'dcap' },
      { attestation_type: 'dcap', quote: '' },
    ] as const)
      assert.throws(() => collectGramine(files(has).port, 'app', Buffer.alloc(0)), { code: 'EVIDENCE' })
    assert.throws(() => collectGramine(files({ attestation_type: 'dcap', quote: 'Q' }).port, 'app', Buffer.alloc(65)), { code: 'USAGE' })
  })
})
