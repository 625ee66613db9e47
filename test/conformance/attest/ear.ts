import { ThymusError } from '../../../src/core/errors.ts'
import { readEar } from '../../../src/formats/ear/ear.ts'
import { answered, type Judge } from './case.ts'

/** Results of attestation. */
export const ear: Readonly<Record<string, Judge>> = {
  'ear-claims': (one, { read }) => answered('parse', one.expect.parse, parsed(read('claims').toString('utf8'))),
}

function parsed(text: string): 'accept' | 'reject' {
  try {
    readEar(JSON.parse(text))
    return 'accept'
  } catch (error) {
    if (error instanceof ThymusError || error instanceof SyntaxError) return 'reject'
    throw error
  }
}
