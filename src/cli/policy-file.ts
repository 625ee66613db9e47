// A policy file as a command takes it: `-f FILE|-` and the mode over what the file says.
import { readFileSync } from 'node:fs'
import { ThymusError } from '../core/errors.ts'
import type { Mode } from '../core/workload.ts'

export interface ModeFlags {
  readonly enforce?: boolean
  readonly shadow?: boolean
  readonly observe?: boolean
}

export interface PolicyText {
  readonly text: string
  /** As the user wrote it: messages name it. */
  readonly file: string
}

/** @throws ThymusError USAGE if there is no such file, POLICY_SYNTAX if it is no text. */
export function readPolicyText(file: string): PolicyText {
  const name = file === '-' ? '<stdin>' : file
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file === '-' ? 0 : file)), file: name }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new ThymusError('POLICY_SYNTAX', 'not text in UTF-8', { at: name, cause })
    throw new ThymusError('USAGE', code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`, { at: name, cause })
  }
}

export function modeOf(flags: ModeFlags): Mode | undefined {
  const given = (['enforce', 'shadow', 'observe'] as const).filter((mode) => flags[mode])
  if (given.length > 1) throw new ThymusError('USAGE', `--${given.join(' and --')} exclude each other`)
  return given[0]
}
