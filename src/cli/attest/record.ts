import { ThymusError } from '../../core/errors.ts'
import { referenceOf } from '../../crossings/attestation/record.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { appraiseFile } from './verifier.ts'

export async function record(flags: OutputFlags & { readonly vcpus?: number; readonly about?: string }, file: string): Promise<undefined> {
  const output = await openOutput('AttestationReference', flags)
  const { bundle, appraisal } = appraiseFile(file, flags.about === undefined ? {} : { about: flags.about })
  const wrong = appraisal.submodules.flatMap(({ name, checks }) =>
    checks.filter(({ verdict }) => verdict.is === 'fail').map(({ code, got }) => `${name}: ${code}${got === undefined ? '' : `: ${got}`}`),
  )
  if (wrong.length > 0) throw new ThymusError('EVIDENCE', `this is not good, and is not recorded\n${wrong.join('\n')}`, { at: file })
  output.show(referenceOf(bundle, appraisal.at, flags.vcpus))
}
