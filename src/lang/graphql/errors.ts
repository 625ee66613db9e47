/** A document that is no GraphQL, or breaks a rule of it. */
export class GraphqlError extends Error {
  /** `line:column`, where it is known. */
  readonly at: string | undefined

  constructor(message: string, at?: string) {
    super(message)
    this.at = at
  }
}

/** Takes steps for work before it is done, and throws where there are no more. */
export type Budget = (steps: number) => void

/** What is nested deeper is not read: all that walks a document does so by recursion. */
export const MAX_DEPTH = 500

/** Thrown by readers for what is nested deeper than MAX_DEPTH: the document may be valid, so it is no GraphqlError. */
export class GraphqlDepthError extends Error {
  constructor() {
    super(`nested deeper than ${MAX_DEPTH}`)
  }
}
