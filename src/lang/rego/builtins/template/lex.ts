// Go's text/template: text, and actions between {{ and }}.
import { BuiltinError } from '../../errors.ts'

export interface Token {
  /** `field` is `.a`, `space` separates operands, `end` is that of an action. */
  readonly kind: 'text' | 'field' | 'dot' | 'variable' | 'word' | 'string' | 'number' | 'char' | 'punct' | 'space' | 'end'
  readonly text: string
}

const TOKEN =
  /\s+|"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+'|[+-]?(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)|\.[\p{L}_][\p{L}\p{Nd}_]*|\$[\p{L}\p{Nd}_]*|[\p{L}_][\p{L}\p{Nd}_]*|:=|[.()|,=]/uy

export function lexTemplate(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let trimNext = false
  for (;;) {
    const open = source.indexOf('{{', at)
    let text = source.slice(at, open < 0 ? undefined : open)
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '')
    const trims = open >= 0 && /^-[ \t\r\n]/.test(source.slice(open + 2, open + 4))
    if (trims) text = trimEnd(text)
    if (text !== '') tokens.push({ kind: 'text', text })
    if (open < 0) return tokens
    at = open + 2 + (trims ? 2 : 0)
    const comment = source.startsWith('/*', at)
    if (comment) {
      const close = source.indexOf('*/', at + 2)
      if (close < 0) throw fail('unclosed comment')
      at = close + 2
    } else at = lexAction(source, at, tokens)
    const end = /(?:[ \t\r\n]-)?\}\}/y
    end.lastIndex = at
    const found = end.exec(source)
    if (found === null) throw fail(comment ? 'comment ends before closing delimiter' : 'unclosed action')
    trimNext = found[0].length > 2
    at += found[0].length
    if (!comment) tokens.push({ kind: 'end', text: '}}' })
  }
}

function lexAction(source: string, from: number, tokens: Token[]): number {
  let at = from
  while (at < source.length && !source.startsWith('}}', at) && !/^[ \t\r\n]-\}\}/.test(source.slice(at, at + 4))) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(source)?.[0]
    if (found === undefined) throw fail(`unexpected ${JSON.stringify(source[at])} in command`)
    tokens.push({ kind: kindOf(found), text: found })
    at += found.length
  }
  return at
}

function kindOf(text: string): Token['kind'] {
  if (/^\s/.test(text)) return 'space'
  if (/^["`]/.test(text)) return 'string'
  if (text.startsWith("'")) return 'char'
  if (/^[+-]?\.?\d/.test(text)) return 'number'
  if (text === '.') return 'dot'
  if (text.startsWith('.')) return 'field'
  if (text.startsWith('$')) return 'variable'
  return /^[\p{L}_]/u.test(text) ? 'word' : 'punct'
}

/** By hand: a pattern would try at every space. */
function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && ' \t\r\n'.includes(text[end - 1]!)) end--
  return text.slice(0, end)
}

export const fail = (why: string) => new BuiltinError(`template: ${why}`)
