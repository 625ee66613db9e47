// METADATA blocks: comments that say in YAML what a package, rule or document is (policy-language, "Metadata").
import { YamlFault } from '../../../formats/go-yaml/cursor.ts'
import type { Diagnostic } from '../errors.ts'
import {
  author,
  compileOf,
  decodeAnnotations,
  type Fail,
  objectOf,
  type RawAnnotations,
  relatedResource,
  schemaOf,
} from './annotation-fields.ts'
import type { Annotations, Comment, Location } from './ast.ts'

/** A block as it is written: it need not say its scope, which then follows from what is below it. */
export type AnnotationBlock = Omit<Annotations, 'scope'> & { readonly scope: string }

/** The METADATA blocks among a module's comments, and what is wrong with them (rego_parse_error). */
export function parseAnnotations(comments: readonly Comment[]): { blocks: readonly AnnotationBlock[]; faults: readonly Diagnostic[] } {
  const blocks: AnnotationBlock[] = []
  const faults: Diagnostic[] = []
  for (const [at, head] of comments.entries()) {
    if (!isHead(head)) continue
    let end = at + 1
    while (end < comments.length && !endsBlock(comments[end]!, comments[end - 1]!)) end++
    const lines = comments.slice(at + 1, end)
    try {
      blocks.push(readBlock(head, lines))
    } catch (error) {
      if (!(error instanceof BlockFault)) throw error
      faults.push({ code: 'rego_parse_error', message: error.message, at: error.at })
    }
  }
  return { blocks, faults }
}

const isHead = ({ text, at }: Comment) => at.col === 1 && text.trim().startsWith('METADATA')
const endsBlock = (comment: Comment, before: Comment) => comment.at.col !== 1 || comment.at.row - 1 !== before.at.row || isHead(comment)

class BlockFault extends Error {
  readonly at: Location

  constructor(message: string, at: Location) {
    super(message)
    this.at = at
  }
}

function readBlock(head: Comment, lines: readonly Comment[]): AnnotationBlock {
  const text = lines.map((line) => `${line.text.replace(/^ /, '')}\n`).join('')
  if (text.trim() === '') throw new BlockFault('expected METADATA block, found whitespace', head.at)
  const fail: Fail = (message) => {
    throw new BlockFault(message, head.at)
  }
  const raw = decode(text, lines)
  return {
    kind: 'annotations',
    scope: raw.scope ?? '',
    ...(raw.title && { title: raw.title }),
    ...(raw.description && { description: raw.description }),
    ...(raw.entrypoint && { entrypoint: true }),
    ...(raw.organizations?.length && { organizations: raw.organizations }),
    ...(raw.relatedResources?.length && { relatedResources: raw.relatedResources.map((node) => relatedResource(node, fail)) }),
    ...(raw.compile && { compile: compileOf(raw.compile, fail) }),
    ...(raw.schemas?.length && { schemas: raw.schemas.map((node) => schemaOf(node, fail)) }),
    ...(raw.authors?.length && { authors: raw.authors.map((node) => author(node, fail)) }),
    ...(raw.custom && { custom: objectOf(raw.custom, fail) }),
    ...(raw.labels && { labels: objectOf(raw.labels, fail) }),
    at: head.at,
    endRow: lines.at(-1)!.at.row,
  }
}

/** Where OPA sees what is wrong with the YAML: the line after the one that Go names, as long as there is one. */
function decode(text: string, lines: readonly Comment[]): RawAnnotations {
  try {
    return decodeAnnotations(text)
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error
    const line = lines[Math.min(error.row ?? 0, lines.length - 1)]!
    throw new BlockFault(error.message + lines.map(spaceHint).join(''), line.at)
  }
}

/** A separator of key and value wants a space behind it, and no other sign that looks like one. */
function spaceHint({ text, at }: Comment): string {
  const parts = text.split(':').slice(1)
  const odd: string[] = []
  for (const [index, part] of parts.entries()) {
    const [sign = '\ufffd'] = part
    if ((part === '' && index === parts.length - 1) || sign === ' ' || sign === '\t') break
    odd.push(quoteSign(sign))
  }
  if (odd.length === 0) return ''
  return `\n  Hint: on line ${at.row}, symbol(s) [${odd.join(' ')}] immediately following a key/value separator ':' is not a legal yaml space character`
}

/** A character as Go quotes it in ASCII. */
function quoteSign(sign: string): string {
  if (sign === "'" || sign === '\\') return `'\\${sign}'`
  const code = sign.codePointAt(0)!
  if (code >= 0x20 && code < 0x7f) return `'${sign}'`
  const hex = (length: number) => code.toString(16).padStart(length, '0')
  return code < 0x80 ? `'\\x${hex(2)}'` : code < 0x10000 ? `'\\u${hex(4)}'` : `'\\U${hex(8)}'`
}
