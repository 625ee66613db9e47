import { EXIT, exitStatus, ThymusError } from '../core/errors.ts'
import { printable } from '../core/quote.ts'

/** Longest line that is shown whole: the verifier's and YAML's own are long. */
const SHOWN = 2_000

/**
 * What is written to stderr: `thymus: CODE: message (at place)`, one line; a file with several faults has a further line for each.
 * What strangers wrote in it cannot move the cursor. With THYMUS_DEBUG=1 the place in our own code follows.
 */
export function failureText(error: unknown, env: NodeJS.ProcessEnv = process.env): string {
  const { code, message, at } = known(error)
  const [first, ...others] = message.split('\n')
  const lines = [`thymus: ${code}: ${first}${at === undefined ? '' : ` (at ${at})`}`, ...others].map((line) => printable(line, SHOWN))
  const trace = env.THYMUS_DEBUG === '1' && error instanceof Error ? `${error.stack}\n` : ''
  return `${lines.join('\n')}\n${trace}`
}

export function failureStatus(error: unknown): number {
  return error instanceof ThymusError ? exitStatus(error.code) : EXIT.error
}

function known(error: unknown): Pick<ThymusError, 'code' | 'message' | 'at'> {
  if (error instanceof ThymusError) return error
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), at: undefined }
}
