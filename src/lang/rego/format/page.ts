// What is written so far, and the comments that still have to be. A comment is known by its row alone: what stands on earlier rows goes
// before the node that is about to be written, the one on the same row waits for the end of the line.

import type { Comment, Expr, Location, Term } from '../syntax/ast.ts'
import type { FormatFault } from './faults.ts'
import { endRow } from './places.ts'
import type { Target } from './target.ts'

/** A comment at a place where the layout has no line for it. The term around it is then left as it was written. */
export class Displaced extends Error {}
const displaced = new Displaced('a comment where the layout has no line for it')

/** Lets pass what is not a displaced comment. */
export function unlessDisplaced(error: unknown): void {
  if (!(error instanceof Displaced)) throw error
}

/** A point that the page can go back to. */
export interface Mark {
  readonly length: number
  readonly level: number
  readonly comments: readonly Comment[]
}

export class Page {
  readonly target: Target
  readonly #source: string
  #text = ''
  #level = 0
  /** Between the start of a line and its end. */
  #inline = false
  /** Waits for the end of the line. */
  #ending: Comment | undefined
  /** The next end of a line is not yet the one it waits for. */
  #delayed = false
  readonly #parens = new Set<Expr | Term>()
  readonly faults: FormatFault[] = []
  /** Those not written yet, in the order of their rows. */
  comments: readonly Comment[]
  /** The comment at the end of a term that is left as written is written with it. */
  commentsEndTerms = false

  constructor(source: string, comments: readonly Comment[], target: Target) {
    this.#source = source
    this.comments = comments
    this.target = target
  }

  get text(): string {
    return this.#text
  }

  get inline(): boolean {
    return this.#inline
  }

  get endsWithComment(): boolean {
    return this.#ending !== undefined
  }

  sourceOf(at: Location): string {
    return this.#source.slice(at.start, at.end)
  }

  write(text: string): void {
    this.#text += text
  }

  startLine(): void {
    this.#inline = true
    this.#text += '\t'.repeat(this.#level)
  }

  endLine(): void {
    this.#inline = false
    if (this.#ending !== undefined && !this.#delayed) {
      this.#text += ` ${lineOf(this.#ending)}`
      this.#ending = undefined
    }
    this.#delayed = false
    this.#text += '\n'
  }

  /** Ends the line that was begun, if one was. */
  blankLine(): void {
    if (this.#inline) this.endLine()
    this.#text += '\n'
  }

  /** Says that a line is under way, though nothing of it was indented. */
  continueLine(): void {
    this.#inline = true
  }

  /** Lets the comment at the end of this line wait for the end of the next. */
  delayComment(): void {
    this.#delayed = true
  }

  indent(): void {
    this.#level++
  }

  outdent(): void {
    this.#level--
  }

  mark(): Mark {
    return { length: this.#text.length, level: this.#level, comments: this.comments }
  }

  /** Takes back what was written since, and writes what the source has in its place, with its comments. */
  keepAsWritten(at: Location, mark: Mark): void {
    this.#text = this.#text.slice(0, mark.length)
    this.#level = mark.level
    const text = this.sourceOf(at)
    const ending = this.#ending?.at.row
    if (ending !== undefined && text !== '' && ending >= at.row && ending <= endRow(at.row, text)) this.#ending = undefined
    this.comments = mark.comments
    this.writeAsWritten(at)
  }

  /** Writes what the source has. Comments within it are in it. */
  writeAsWritten(at: Location): void {
    const text = this.sourceOf(at)
    const last = endRow(at.row, text)
    this.#text += text
    this.comments = this.comments.filter((comment) => {
      if (!this.commentsEndTerms || comment.at.row !== last) return comment.at.row >= last
      this.#text += ` ${this.sourceOf(comment.at)}`
      return false
    })
  }

  /** Writes the comments of earlier rows; that of this row waits. Throws Displaced if another waits already. */
  commentsBefore(row: number): void {
    const { before, here, after } = this.partition(row)
    this.writeComments(before)
    const last = before.at(-1)
    if (last !== undefined && row - last.at.row > 1) this.blankLine()
    this.comments = after
    if (this.#ending === undefined) this.#ending = here
    else if (here !== undefined) {
      this.#ending = undefined
      throw displaced
    }
  }

  /** The comments of earlier rows, of this row (the last if several), and of later rows. */
  partition(row: number): { before: readonly Comment[]; here: Comment | undefined; after: readonly Comment[] } {
    const { comments } = this
    let earlier = 0
    while (earlier < comments.length && comments[earlier]!.at.row < row) earlier++
    let end = earlier
    while (end < comments.length && comments[end]!.at.row === row) end++
    const after = end === 0 ? comments : comments.slice(end)
    return { before: comments.slice(0, earlier), here: end > earlier ? comments[end - 1] : undefined, after }
  }

  /** Whether a comment stands on a row between the two. */
  hasCommentBetween(row: number, end: number): boolean {
    for (const { at } of this.comments) {
      if (at.row >= end) return false
      if (at.row > row) return true
    }
    return false
  }

  /** Each on a line of its own. Rows between them become one blank line; a METADATA block is set apart from the next. */
  writeComments(comments: readonly Comment[]): void {
    let metadata = false
    comments.forEach((comment, at) => {
      const previous = comments[at - 1]
      if (previous !== undefined) {
        const rows = comment.at.row - previous.at.row
        if (rows > 1) {
          this.blankLine()
          metadata = false
        } else if (rows === 1 && metadata && isMetadata(comment)) this.blankLine()
      }
      metadata ||= isMetadata(comment)
      this.writeLine(lineOf(comment))
    })
  }

  writeLine(text: string): void {
    if (!this.#inline) this.startLine()
    this.#text += text
    this.endLine()
  }

  /** Ends the line, and begins one that is deeper. */
  openBlock(): void {
    this.endLine()
    this.indent()
    this.startLine()
  }

  /** Writes something, and what ends it even when a comment is displaced in it. */
  ending(end: string, write: () => void): void {
    try {
      write()
    } finally {
      this.#text += end
    }
  }

  displace(): never {
    throw displaced
  }

  /** Lets the node stand in parentheses when it is written next. */
  putInParens(node: Expr | Term): void {
    this.#parens.add(node)
  }

  /** Whether the node was to stand in parentheses; that is answered once. */
  takeParens(node: Expr | Term): boolean {
    return this.#parens.delete(node)
  }

  /** Writes what, when a comment is displaced, loses the comments not written yet: OPA forgets them at such a place. */
  losing(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.comments = []
      throw error
    }
  }
}

export const lineOf = (comment: Comment) => `#${comment.text}`

const isMetadata = ({ at, text }: Comment) => at.col === 1 && text.trimStart().startsWith('METADATA')
