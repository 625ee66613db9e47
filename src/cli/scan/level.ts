import { quote } from '../../core/quote.ts'
import { type LevelVersion, parseLevel, parseVersion } from '../../layers/admission/pod-security/level.ts'

/** `restricted`, `baseline:v1.30`. Throws what is wrong in a few words. */
export function podSecurity(input: string): LevelVersion {
  const [, word = '', after = 'latest'] = /^([^:]*)(?::(.*))?$/.exec(input) ?? []
  const level = parseLevel(word)
  const version = parseVersion(after)
  if (level === undefined) throw new SyntaxError(`${quote(word)} is not one of privileged, baseline, restricted`)
  if (version === undefined) throw new SyntaxError(`${quote(after)} is neither latest nor a version such as v1.30`)
  return { level, version }
}
