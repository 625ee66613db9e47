export interface HttpRequest {
  /** In capitals. */
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** Until the last byte of the answer; 0 is without end. */
  readonly milliseconds: number
  readonly tls: {
    /** PEM. */
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly serverName?: string
  }
}

export interface HttpResponse {
  readonly status: number
  /** As "200 OK". */
  readonly statusText: string
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[]
  readonly body: Buffer
}

/** The way out for http.send. Evaluation does not wait for promises, so it answers at once, however long that takes. */
export interface HttpPort {
  /** Names and addresses that may be asked, without ports, exactly as a policy writes them. */
  readonly hosts: readonly string[]
  /** Follows no redirect. Throws for what prevents an answer, with a message for the policy. */
  send(request: HttpRequest): HttpResponse
}
