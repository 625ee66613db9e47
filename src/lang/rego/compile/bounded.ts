import { RegoRejected } from '../errors.ts'

/** Runs what walks trees; one that is too deep for the stack is refused, as the parser refuses brackets that nest too deep. */
export function bounded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RegoRejected([{ code: 'rego_compile_error', message: 'expressions nest too deep', at: undefined }])
  }
}
