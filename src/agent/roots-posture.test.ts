import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { seeRoots } from '../adapters/linux/roots.ts'
import { firmware, hardware } from './roots-posture.ts'

const SECURE_BOOT = 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'
const GOOD = {
  'sys/class/tpm/tpm0/tpm_version_major': '2\n',
  'sys/class/tpm/tpm0/pcr-sha256/0': `${'AB'.repeat(32)}\n`,
  'sys/kernel/security/tpm0/binary_bios_measurements': '',
  [SECURE_BOOT]: Buffer.of(6, 0, 0, 0, 1),
  'sys/kernel/security/integrity/ima/runtime_measurements_count': '812\n',
  'sys/kernel/security/integrity/ima/policy': 'dont_measure fsmagic=0x9fa0\nmeasure func=BPRM_CHECK mask=MAY_EXEC\n',
  'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n',
  'sys/module/module/parameters/sig_enforce': 'Y\n',
}

/** Both rows of a machine that shows just these files; a name that ends with a slash is a folder. */
function rows(t: TestContext, files: Readonly<Record<string, string | Buffer>>) {
  const root = mkdtempSync(join(tmpdir(), 'thymus-roots-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path)
    mkdirSync(path.endsWith('/') ? file : dirname(file), { recursive: true })
    if (!path.endsWith('/')) writeFileSync(file, content)
  }
  const seen = seeRoots(root)
  const [hard, firm] = [hardware(seen), firmware(seen)]
  const verdicts = [...hard.checks, ...firm.checks].map(
    ({ code, verdict }) => `${code} ${verdict.is === 'unknown' ? verdict.why.code : verdict.is}`,
  )
  return { hard, firm, verdicts }
}

test('a machine that shows nothing is unknown, each with its reason', (t) => {
  const { hard, firm, verdicts } = rows(t, {})
  assert.deepEqual(verdicts, [
    'ROOT_TPM NO_TPM',
    'ROOT_TEE NO_TEE',
    'ROOT_SECURE_BOOT NO_EFI',
    'ROOT_EVENT_LOG NO_EVENT_LOG',
    'ROOT_IMA NOT_THERE',
    'ROOT_LOCKDOWN NOT_THERE',
    'ROOT_MODULES NOT_THERE',
  ])
  assert.equal(hard.state.is, 'unknown')
  assert.equal(firm.state.is, 'unknown')
})

test('a machine with all of it passes, but for what it is not', (t) => {
  const { hard, firm, verdicts } = rows(t, GOOD)
  assert.deepEqual(
    verdicts.filter((each) => !each.endsWith(' pass')),
    ['ROOT_TEE NO_TEE'],
  )
  assert.deepEqual([hard.state.is, firm.state.is], ['pass', 'pass'])
  assert.match(hard.summary, /^TPM 2: /)
  assert.equal(firm.summary, 'Secure Boot on, boot measured, IMA measures, kernel locked down, signed modules only')
})

test('a confidential guest without a TPM has hardware that can vouch for it', (t) => {
  const { hard } = rows(t, { 'dev/sev-guest': '' })
  assert.equal(hard.state.is, 'pass')
  assert.match(hard.summary, /SEV-SNP guest/)
})

test('what is off is a fail, and what does nothing is unknown', (t) => {
  const off = {
    [SECURE_BOOT]: Buffer.of(6, 0, 0, 0, 0),
    'sys/kernel/security/integrity/ima/policy': 'measure func=KEY_CHECK\n',
    'sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
    'sys/module/module/parameters/sig_enforce': 'N\n',
  }
  const { firm, verdicts } = rows(t, { ...GOOD, ...off })
  assert.equal(firm.state.is, 'fail')
  assert.deepEqual(verdicts.slice(2), [
    'ROOT_SECURE_BOOT fail',
    'ROOT_EVENT_LOG pass',
    'ROOT_IMA IMA_IDLE',
    'ROOT_LOCKDOWN fail',
    'ROOT_MODULES fail',
  ])
})

test('a TPM that does not answer fails, one that shows no registers is unknown', (t) => {
  const { 'sys/class/tpm/tpm0/pcr-sha256/0': _, ...silent } = GOOD
  assert.equal(rows(t, silent).verdicts[0], 'ROOT_TPM TPM_NOT_ASKED')
  const broken = rows(t, { ...silent, 'sys/class/tpm/tpm0/pcr-sha256/0/': '' })
  assert.equal(broken.verdicts[0], 'ROOT_TPM fail')
  assert.equal(broken.hard.state.is, 'fail')
})

test('that IMA measures what is executed is believed by its policy, or by the command line', (t) => {
  const { 'sys/kernel/security/integrity/ima/policy': _, ...hidden } = GOOD
  const ima = (more: Readonly<Record<string, string>>) => rows(t, { ...hidden, ...more }).verdicts[4]
  assert.equal(ima({}), 'ROOT_IMA NOT_THERE')
  assert.equal(ima({ 'proc/cmdline': 'ro quiet\n' }), 'ROOT_IMA NOT_THERE')
  for (const words of ['ro ima_policy=tcb', 'ima_tcb ro', 'ima_policy=tcb|appraise_tcb'])
    assert.equal(ima({ 'proc/cmdline': words }), 'ROOT_IMA pass', words)
  for (const words of ['ima_policy=appraise_tcb', 'ima_policy=secure_boot', 'noima_tcb'])
    assert.equal(ima({ 'proc/cmdline': words }), 'ROOT_IMA NOT_THERE', words)
})
