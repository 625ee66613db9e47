// How a verifier comes to know that a key lives in a TPM: `thymus attest challenge`, `answer`, `enroll`, on an emulated TPM with certificates.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Ended, succeeded, thymus } from '../kit/cli.ts'
import { endUnused, type Swtpm, startSwtpm, whyNoSwtpm } from '../kit/swtpm.ts'

const NONCE = '00112233445566778899aabbccddeeff'

describe('thymus attest enroll', { skip: whyNoSwtpm() }, () => {
  let swtpm: Swtpm
  let folder: string
  let lab: readonly string[]
  const at = (name: string) => join(folder, name)
  const read = (name: string) => JSON.parse(readFileSync(at(name), 'utf8'))
  const attest = (...words: readonly string[]): Promise<Ended> =>
    thymus(['attest', ...words], { env: { ...process.env, THYMUS_HOME: folder }, cwd: folder, timeout: 60_000 })
  const ok = async (...words: readonly string[]) => succeeded(await attest(...words))
  const refused = async (says: RegExp, place: string, ...words: readonly string[]) => {
    const { status, stdout, stderr } = await attest(...words)
    assert.match(stderr, /^thymus: CREDENTIAL: /)
    assert.match(stderr, says)
    assert.ok(stderr.includes(`(at ${place})`), stderr)
    assert.deepEqual([status, stdout], [1, ''])
  }
  const tpm = ({ path } = swtpm) => ['--tpm', `unix:${path}`]
  const collect = (to: string, ...words: readonly string[]) => ok('collect', '--nonce', NONCE, ...words, ...tpm(), '-o', `json=${to}`)
  const challenge = (node: string, name: string) => ok('challenge', node, ...lab, '--pending', `${name}.pending`, '-o', `json=${name}.json`)
  const answer = (name: string) => ok('answer', `${name}.json`, ...tpm(), '-o', `json=${name}.answer`)
  const enroll = (name: string, ...words: readonly string[]) => ['enroll', `${name}.answer`, '--pending', `${name}.pending`, ...words]
  /** What is made of the quote alone. */
  const verdictOf = async (bundle: string, ...words: readonly string[]) => {
    const { stdout } = await attest('verify', bundle, '--reference', 'nodes.json', '--nonce', NONCE, ...words, '-o', 'json')
    const { submodules } = JSON.parse(stdout) as {
      submodules: { type: string; status: string; checks: { code: string; verdict: { is: string } }[] }[]
    }
    return submodules
      .filter(({ type }) => type.startsWith('tpm-'))
      .map(({ status, checks }) => [status, ...checks.flatMap(({ code, verdict }) => (verdict.is === 'pass' ? [] : [code]))])
  }

  before(async () => {
    swtpm = await startSwtpm(true)
    folder = mkdtempSync(join(tmpdir(), 'thymus-enroll-'))
    writeFileSync(at('root.pem'), swtpm.authorities?.root ?? '')
    writeFileSync(at('issuer.pem'), swtpm.authorities?.issuer ?? '')
    lab = ['--lab-ca', 'root.pem', '--lab-ca', 'issuer.pem']
  })
  after(async () => {
    await endUnused(swtpm)
    rmSync(folder, { recursive: true })
  })

  test('a key is known because its TPM has opened what only it can', async (t) => {
    if (swtpm.authorities === undefined) return t.skip('the emulator has no certificates here (lab/lab setup makes one that has)')
    await collect('node-1', '--about', 'node-1', '--endorsement')
    await challenge('node-1', 'one')
    assert.equal(statSync(at('one.pending')).mode & 0o777, 0o600)
    await answer('one')
    const left = Date.parse(read('one.pending').expires) - Date.now()
    assert.ok(left > 3_000_000 && left < 3_600_000, `${left} ms`)
    const { secret } = read('one.answer')
    for (const kept of ['one.pending', 'one.json']) assert.ok(!readFileSync(at(kept), 'utf8').includes(secret))
    const none = await attest(...enroll('one', '--reference', 'none.json', '-o', 'json=none.json'))
    assert.match(none.stderr, /^thymus: USAGE: there is no such file \(at none\.json\)\n$/)
    assert.ok(!existsSync(at('none.json')))
    const said = await ok(...enroll('one', '-o', 'json=nodes.json', '-o', 'table'))
    assert.match(
      said,
      /node-1: attestation key 000b[0-9a-f]{64}, enrolled .* by a credential that its TPM opened: id:[0-9A-F]+ .* no maker of TPMs/,
    )
    await collect('later', '--about', 'node-1')
    assert.deepEqual(await verdictOf('later'), [['affirming']])
    const { stdout } = await attest('explain', 'later', '--reference', 'nodes.json', '--nonce', NONCE, '--no-trunc')
    assert.match(stdout, /How its key is known:\n +enrolled .* by a credential that its TPM opened/)
    assert.match((await attest('explain', 'later', '--nonce', NONCE)).stdout, /How its key is known:\n +it is not: nobody has enrolled it/)
    assert.deepEqual(new Set(await verdictOf('node-1', ...lab).then((all) => all.map(([status]) => status))), new Set(['affirming']))
    assert.deepEqual(new Set((await verdictOf('node-1')).slice(1).flat()), new Set(['none', 'TPM_EK_CHAIN']))
  })

  test('an answer is taken once, in its time, and for its challenge alone', async (t) => {
    if (swtpm.authorities === undefined) return t.skip('no certificates')
    await refused(/answered, or never asked/, 'one.pending', ...enroll('one', '-o', 'json'))
    for (const name of ['two', 'three']) {
      await challenge('node-1', name)
      await answer(name)
    }
    await refused(/another challenge/, 'three.answer, credential', 'enroll', 'three.answer', '--pending', 'two.pending', '-o', 'json')
    writeFileSync(at('mixed.answer'), JSON.stringify({ ...read('two.answer'), secret: read('three.answer').secret }))
    await refused(
      /not what was in the credential/,
      'mixed.answer, secret',
      'enroll',
      'mixed.answer',
      '--pending',
      'two.pending',
      '-o',
      'json',
    )
    await refused(/the challenge ended/, 'two.pending, expires', ...enroll('two', '--time', '2099-01-01T00:00:00Z', '-o', 'json'))
    chmodSync(at('two.pending'), 0o660)
    await refused(/others may write it/, 'two.pending', ...enroll('two', '-o', 'json'))
    chmodSync(at('two.pending'), 0o600)
    assert.match((await attest(...enroll('two'))).stderr, /^thymus: USAGE: the next command takes it/)
    await ok(...enroll('two', '-o', 'json'))
  })

  test('a key is that of one node, and a TPM that of one', async (t) => {
    if (swtpm.authorities === undefined) return t.skip('no certificates')
    await collect('as-2', '--about', 'node-2', '--endorsement')
    assert.deepEqual((await verdictOf('as-2', ...lab))[0], ['contraindicated', 'ATTEST_NODE'])
    await challenge('as-2', 'as-2-challenge')
    await answer('as-2-challenge')
    await refused(
      /the TPM of node-2 is enrolled as node-1: --replace/,
      'nodes.json, tpm.keys[0]',
      ...enroll('as-2-challenge', '--reference', 'nodes.json', '-o', 'json=nodes.json'),
    )
    assert.equal(read('nodes.json').tpm.keys[0].about, 'node-1')
    await ok(...enroll('as-2-challenge', '--reference', 'nodes.json', '--replace', '-o', 'json=nodes.json'))
    assert.deepEqual((await verdictOf('as-2', ...lab))[0], ['affirming'])
    assert.deepEqual(await verdictOf('later'), [['contraindicated', 'ATTEST_NODE']])
  })

  test('nobody is challenged for whom no maker vouches, and no other TPM answers', async (t) => {
    if (swtpm.authorities === undefined) return t.skip('no certificates')
    const makers = ['--roots', 'root.pem', '--roots', 'issuer.pem']
    await refused(/TPM_EK_ROOT/, 'node-1, ek-p384', 'challenge', 'node-1', ...makers, '--pending', 'none', '-o', 'json')
    await refused(/collect --endorsement/, 'later, evidence', 'challenge', 'later', ...lab, '--pending', 'none', '-o', 'json')
    assert.equal((await attest('challenge', 'node-1', '--pending', 'none', '-o', 'json')).status, 64)
    const rootless = await attest('challenge', 'node-1', '--roots', 'issuer.pem', '--pending', 'none', '-o', 'json')
    assert.match(rootless.stderr, /^thymus: USAGE: no certificate here vouches for itself, as a root does \(at issuer\.pem\)\n$/)
    await using other = await startSwtpm()
    await refused(/the challenge is for another/, 'key', 'answer', 'two.json', ...tpm(other), '-o', 'json')
    const changed = read('two.json')
    writeFileSync(at('moved.json'), JSON.stringify({ ...changed, endorsement: { ...changed.endorsement, key: changed.key } }))
    await refused(/for another TPM/, 'endorsement', 'answer', 'moved.json', ...tpm(), '-o', 'json')
    const { stderr } = await attest('challenge', 'node-1', ...lab, '--pending', 'two.json', '-o', 'json')
    assert.match(stderr, /^thymus: USAGE: it is there already/)
  })
})
