import { type Appraisal, appraisal, checked } from '../../core/appraisal.ts'
import { EXIT, ThymusError } from '../../core/errors.ts'
import { type Check, unknown } from '../../core/verdict.ts'
import { IMA_CHECKS } from '../../layers/firmware/ima/checks.ts'
import { type ImaList, TEMPLATE_HASHES } from '../../layers/firmware/ima/list.ts'
import { type Bank, beginning, replay } from '../../layers/firmware/ima/replay.ts'
import { validate } from '../../layers/firmware/ima/validate.ts'
import { verifyList } from '../../layers/firmware/ima/verify.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { readList, readPolicy } from './files.ts'

interface VerifyFlags extends OutputFlags {
  readonly pcr?: string
  readonly policy?: string
  readonly key?: readonly string[]
  readonly 'allow-violations'?: boolean
}

export async function verify(
  { pcr, policy: file, key = [], 'allow-violations': allowViolations = false, ...flags }: VerifyFlags,
  path: string,
): Promise<number> {
  if (key.length > 0 && file === undefined) throw new ThymusError('USAGE', '--key is for --policy')
  const output = await openOutput('CheckList', flags)
  const policy = file === undefined ? undefined : readPolicy(file, key)
  const list = readList(path)
  const { checks, walk } = verified(list, pcr)
  const all = [...checks, ...(policy === undefined ? [] : validate(walk.attested, policy, { allowViolations }))]
  const result: Appraisal = appraisal(path, all, [])
  output.show(result)
  return result.verdict.is === 'pass' ? EXIT.ok : result.verdict.is === 'fail' ? EXIT.findings : EXIT.unknown
}

function verified(list: ImaList, pcr: string | undefined) {
  if (pcr !== undefined) {
    const quoted = Buffer.from(pcr, 'hex')
    const bank = TEMPLATE_HASHES.get(quoted.length) as Bank | undefined
    if (bank === undefined || quoted.length * 2 !== pcr.length)
      throw new ThymusError('USAGE', 'no value of a PCR in hexadecimal', { at: '--pcr' })
    return verifyList({ list, quoted, boot: '', progress: beginning('', bank) })
  }
  const result = verifyList({ list, quoted: replay(list, 'sha256', 'own'), boot: '', progress: beginning('', 'sha256') })
  const without = checked(IMA_CHECKS, 'IMA_PCR', unknown('IMA_NO_QUOTE', 'no value of a PCR was given, so that the list may be made up'))
  return { ...result, checks: result.checks.map((check): Check => (check.code === 'IMA_PCR' ? without : check)) }
}
