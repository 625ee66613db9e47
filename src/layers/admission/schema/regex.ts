// Patterns are RE2's, so none takes more than time linear in the text.
import { RE2JS } from 're2js'

/** Is it a pattern that Go compiles? */
export function isRegex(source: string): boolean {
  try {
    RE2JS.compile(source)
    return true
  } catch {
    return false
  }
}

/** Does the text have a match? The pattern is one that was asked about before. */
export function hasMatch(source: string, text: string): boolean {
  let pattern = compiled.get(source)
  if (pattern === undefined) {
    pattern = RE2JS.compile(source)
    if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value!)
    compiled.set(source, pattern)
  }
  return pattern.matcher(text).find()
}

/** Patterns that are kept compiled, the newest of them. */
const KEPT = 256
const compiled = new Map<string, RE2JS>()
