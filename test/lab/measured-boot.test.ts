// The whole chain on a machine that really boots: firmware with Secure Boot → shim → GRUB → a signed kernel → IMA → Thymus itself, measured by a
// TPM. It is attested and passes; then one thing is changed at a time, and each is caught and named.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { ended, ROOT, setUpLab, startLab } from '../kit/lab.ts'
import { unsignedImage } from '../kit/pe-image.ts'

const NONCE = '00112233445566778899aabbccddeeff'
const IMA = 'ima_policy=tcb ima_template=ima-ng'
const CHANGED = 'src/cli/version.ts'

let folder: string
let refusal: string | undefined
/** What the machine should be: recorded from its first boot. */
const golden = () => join(folder, 'golden.json')
const reference = () => join(folder, 'reference.json')
/** What its TPM is asked, and what is remembered of it. */
const challenge = () => join(folder, 'challenge')
const pending = () => join(folder, 'pending')

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thymus-boot-test-'))
  refusal = await setUpLab(folder)
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('a machine that boots through Secure Boot, measured', () => {
  test('is attested, and its boot is what a reference is made of', { timeout: 300_000 }, async (t) => {
    if (!needLab(t)) return
    await boot('golden', { last: 'bin/thymus attest collect --endorsement -o json=/out/endorsed' })
    assert.equal(thymus('record', golden(), '--vcpus', '1', '-o', `json=${reference()}`).status, 0)
    const { status, stdout } = verify('golden', NONCE)
    assert.equal(status, 0, stdout)
    assert.match(explain('golden', NONCE).stdout, /How its key is known:\n +enrolled by hand/)
    const lab = ['swtpm-localca-rootca-cert.pem', 'issuer.pem'].flatMap((name) => ['--lab-ca', join(labCache(), 'tpm/ca', name)])
    const asked = thymus('challenge', join(folder, 'golden/endorsed'), ...lab, '--pending', pending(), '-o', `json=${challenge()}`)
    assert.equal(asked.status, 0, asked.stderr)
  })

  test('does not pass with a quote that answered another challenge', (t) => {
    if (!needLab(t)) return
    const { status, stdout } = explain('golden', NONCE.replace('00', 'ff'))
    assert.equal(status, 2, stdout)
    assert.match(stdout, /TPM_NONCE/)
  })

  test('does not pass with one more word on the kernel’s command line, and the word is named', { timeout: 300_000 }, async (t) => {
    if (!needLab(t)) return
    await boot('word', { append: 'init_on_alloc=1', first: `bin/thymus attest answer ${challenge()} -o json=/out/answer` })
    const { status, stdout } = explain('word', NONCE)
    assert.equal(status, 2, stdout)
    assert.match(stdout, /The kernel command line gained `init_on_alloc=1`/)
  })

  test('is known by its key, once its TPM has opened what only it can', (t) => {
    if (!needLab(t)) return
    const answer = join(folder, 'word/answer')
    const enrolled = thymus('enroll', answer, '--pending', pending(), '--reference', reference(), '-o', `json=${reference()}`)
    assert.equal(enrolled.status, 0, enrolled.stderr)
    const { status, stdout } = explain('golden', NONCE)
    assert.equal(status, 0, stdout)
    assert.match(stdout, /How its key is known:\n +enrolled .* by a credential that its TPM opened/)
  })

  test('does not pass where a file of Thymus itself was changed, and the file is named', { timeout: 300_000 }, async (t) => {
    if (!needLab(t)) return
    await boot('file', { first: `echo '// changed' >>${CHANGED}` })
    const { status, stdout } = explain('file', NONCE)
    assert.equal(status, 2, stdout)
    assert.match(stdout, new RegExp(`IMA_CHANGED[\\s\\S]*${join(ROOT, CHANGED).replaceAll('.', '\\.')}`))
  })

  test('does not come up with a GRUB that nobody signed', { timeout: 120_000 }, async (t) => {
    if (!needLab(t)) return
    const grub = join(folder, 'grub.efi')
    const system = join(labCache(), 'system')
    writeFileSync(grub, unsignedImage(readFileSync(join(system, 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed'))))
    const out = join(folder, 'unsigned')
    const words = ['--secure-boot', '--tpm', '--grub', grub, '--timeout', '40', '--out', out]
    const { status } = await ended(startLab(folder, ['run', ...words, '--', 'true']))
    assert.equal(status, 124)
    assert.match(readFileSync(join(out, 'console.log'), 'latin1'), /Security Violation/)
  })
})

/** Boots, and has the machine present itself: the bundle is `NAME.json`. @param first, last what is done before and after, in the machine */
async function boot(name: string, { append = '', first = 'true', last = 'true' }): Promise<void> {
  const out = join(folder, name)
  mkdirSync(out)
  const words = ['--secure-boot', '--tpm', '--append', `${IMA} ${append}`.trim(), '--out', out]
  const script = `${first} && bin/thymus attest collect --nonce ${NONCE} -o json=/out/bundle.json && ${last}`
  const { status, stderr } = await ended(startLab(folder, ['run', ...words, '--', 'sh', '-c', script]))
  assert.equal(status, 0, stderr)
  writeFileSync(join(folder, `${name}.json`), readFileSync(join(out, 'bundle.json')))
}

const thymus = (...words: readonly string[]) => spawnSync(join(ROOT, 'bin/thymus'), ['attest', ...words], { encoding: 'utf8' })
const held = (verb: string, name: string, nonce: string) =>
  thymus(verb, join(folder, `${name}.json`), '--reference', reference(), '--nonce', nonce, '--no-trunc')
const verify = (name: string, nonce: string) => held('verify', name, nonce)
const explain = (name: string, nonce: string) => held('explain', name, nonce)

/** As `lab/places` says it. */
function labCache(): string {
  const { stdout } = spawnSync('bash', ['-c', `. ${join(ROOT, 'lab/places')}; echo "$cache"`], { encoding: 'utf8' })
  return stdout.trim()
}

function needLab(t: TestContext): boolean {
  if (refusal !== undefined) t.skip(refusal)
  return refusal === undefined
}
