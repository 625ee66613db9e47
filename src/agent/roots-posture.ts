// The board's rows of hardware and firmware: what roots of trust there are to be attested. Whether what they say is good is for an appraisal.
import type { MachineRoots, Seen } from '../adapters/linux/roots.ts'
import type { LayerPosture } from '../core/posture.ts'
import { type Check, FAIL, PASS, together, unknown, type Verdict } from '../core/verdict.ts'

const TEE: Readonly<Record<string, string>> = {
  'sev-guest': 'a SEV-SNP guest',
  tdx_guest: 'a TDX guest',
  sgx_enclave: 'SGX enclaves',
  sev: 'a host of SEV guests',
}

export function hardware({ tpm, tee }: MachineRoots): LayerPosture {
  const teeText = tee.map((device) => TEE[device] ?? device).join(', ')
  const answers: Verdict = tpm === null ? unknown('NO_TPM', 'the kernel has found no TPM') : answersVerdict(tpm.answers)
  const checks: readonly Check[] = [
    { code: 'ROOT_TPM', title: 'a TPM answers', verdict: answers, ...(tpm === null ? {} : { got: `TPM ${tpm.version}` }) },
    {
      code: 'ROOT_TEE',
      title: 'evidence of a confidential guest or an enclave can be had',
      verdict: tee.length > 0 ? PASS : unknown('NO_TEE', `there is none of /dev/${Object.keys(TEE).join(', /dev/')}`),
      ...(tee.length > 0 ? { got: tee.map((device) => `/dev/${device}`).join(', ') } : {}),
    },
  ]
  const parts = [...(tpm !== null && answers.is === 'pass' ? [`TPM ${tpm.version}`.trimEnd()] : []), ...(teeText === '' ? [] : [teeText])]
  const summary = parts.length > 0 ? `${parts.join(', ')}: thymus attest collect` : 'nothing that could vouch for this machine'
  const state = answers.is === 'fail' || tee.length === 0 ? answers : PASS
  return { layer: 'hardware', state, summary, rungs: [], checks }
}

export function firmware(roots: MachineRoots): LayerPosture {
  const { efi, eventLog, secureBoot, measurements, measuresPrograms, lockdown, signedModules } = roots
  const noEfi = unknown('NO_EFI', 'this machine was not started by UEFI')
  const on = seen(secureBoot, (is) => (is ? PASS : FAIL), 'the firmware has no such variable')
  const log = eventLog ? PASS : unknown('NO_EVENT_LOG', 'the kernel shows no log of the boot')
  const checks: readonly Check[] = [
    { code: 'ROOT_SECURE_BOOT', title: 'Secure Boot is on', verdict: efi ? on : noEfi },
    { code: 'ROOT_EVENT_LOG', title: 'the firmware measured the boot, and the kernel kept its log', verdict: log },
    {
      code: 'ROOT_IMA',
      title: 'the kernel measures what is executed (IMA)',
      verdict: seen(
        measuresPrograms,
        (does) => (does ? PASS : unknown('IMA_IDLE', 'no policy tells it to')),
        'is' in measurements ? 'the kernel does not show what it measures' : 'the kernel has no IMA',
      ),
      ...('is' in measurements ? { got: `${measurements.is} measurements` } : {}),
    },
    {
      code: 'ROOT_LOCKDOWN',
      title: 'the kernel is locked down: root cannot change it',
      verdict: seen(lockdown, (mode) => (mode === 'none' ? FAIL : PASS), 'the kernel has no lockdown'),
      ...('is' in lockdown ? { got: lockdown.is } : {}),
    },
    {
      code: 'ROOT_MODULES',
      title: 'modules that nobody signed are refused',
      verdict: seen(signedModules, (enforced) => (enforced ? PASS : FAIL), 'the kernel loads no modules'),
    },
  ]
  return {
    layer: 'firmware',
    state: together(checks.slice(0, 2).map(({ verdict }) => verdict)),
    summary: summaryOf(checks),
    rungs: [],
    checks,
  }
}

/** What is known, good or bad, in a few words. */
function summaryOf(checks: readonly Check[]): string {
  const words: Readonly<Record<string, readonly [pass: string, fail: string]>> = {
    ROOT_SECURE_BOOT: ['Secure Boot on', 'Secure Boot off'],
    ROOT_EVENT_LOG: ['boot measured', ''],
    ROOT_IMA: ['IMA measures', ''],
    ROOT_LOCKDOWN: ['kernel locked down', 'no lockdown'],
    ROOT_MODULES: ['signed modules only', 'unsigned modules load'],
  }
  return checks
    .flatMap(({ code, verdict }) => (verdict.is === 'unknown' ? [] : words[code]![verdict.is === 'pass' ? 0 : 1] || []))
    .join(', ')
}

function answersVerdict(answers: Seen<boolean>): Verdict {
  if ('is' in answers) return answers.is ? PASS : FAIL
  if (answers.not === 'answering') return FAIL
  return unknown(
    'TPM_NOT_ASKED',
    answers.not === 'shown' ? 'its registers are not shown to this user' : 'the kernel shows none of its registers',
  )
}

function seen<T>(value: Seen<T>, judge: (value: T) => Verdict, absent: string): Verdict {
  if ('is' in value) return judge(value.is)
  if (value.not === 'there') return unknown('NOT_THERE', absent)
  return unknown('NOT_SHOWN', value.not === 'shown' ? 'it is not shown to this user' : 'the kernel does not answer')
}
