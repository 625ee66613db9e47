// Every error that a user can see has a code from this list; docs/codes.md is made from it.

/** code → what it means, in one line. */
export const CODES = {
  POLICY_SYNTAX: 'The file is not YAML that could be a policy.',
  POLICY_KIND: 'The document is of a kind that Thymus does not take.',
  POLICY_FIELD: 'A field is unknown, missing, or has a value that its specification does not allow. Nothing of the file was applied.',
  POLICY_UNSUPPORTED: 'The field is valid, but Thymus does not enforce it yet; it is refused, never ignored.',
  POLICY_LIMIT: 'More than Thymus is willing or able to hold. The former policies stay in force.',
  POLICY_UNKNOWN: 'No such policy.',
  WORKLOAD_NAME: 'The name is taken, or is no name.',
  WORKLOAD_LABEL: 'A label or its value is not one that Kubernetes would take.',
  WORKLOAD_UNKNOWN: 'No such workload.',
  WORKLOAD_LIMIT: 'All slots of the kernel maps are taken.',
  GROUP_UNKNOWN: 'The control group does not exist or has gone.',
  GROUP_TAKEN: 'The control group is that of another workload, or has one in it that would end with it.',
  KERNEL_REFUSED: 'The kernel refused a program, a map or an attachment.',
  KERNEL_NO_BTF: 'The kernel has no BTF, so no program can be fitted to it.',
  KERNEL_ABI: 'Programs of another version of Thymus are in force, with maps of another shape.',
  KERNEL_OBJECT: 'A kernel object has not been built, or is no BPF object.',
  AGENT_SECOND: 'Another agent already runs with the same state folder.',
  AGENT_DOWN: 'The agent does not answer.',
  AGENT_CLOSED: 'The mind runs as a user who may not enter a folder on the way to its own. Nothing was started.',
  AGENT_REQUEST: 'The agent does not take this request.',
  STATE_CORRUPT: 'The database is damaged. It was set aside, and a new one begun.',
  STATE_EVENTS: 'Raw events that were stored are damaged or gone. What was made of them is untouched.',
  STATE_NEWER: 'A later version of Thymus wrote the database. It was left as it is.',
  STATE_FULL: 'The disk is full: events are counted as lost, verdicts stay in force.',
  PRIVILEGE: 'This needs a privilege that the caller does not have.',
  COMMAND: 'The command was not found, or cannot be executed.',
  USAGE: 'The command line is not one that Thymus takes.',
  FORMAT: 'The bytes do not follow their format.',
  UNTRUSTED: 'A certificate is not valid at the time, or leads to no root that is trusted.',
  CONFIG: 'The configuration file cannot be read, or a setting in it is none. The agent does not start.',
  BUNDLE: 'The bundle is damaged, too large, of a kind that Thymus does not take, or not what was signed. Nothing of it was loaded.',
  REGO_REJECTED: 'The text is not Rego, or breaks a rule of the language; each fault is named with its place.',
  REGO_PLAN: 'The plan does not follow its schema, or names what it does not hold.',
  REGO_BUILTIN: 'The policy calls a builtin function that Thymus does not have.',
  REGO_EVAL: 'The evaluation ended without an answer: a conflict, or a builtin error where these are strict.',
  REGO_LIMIT: 'The evaluation took more steps, depth or time than it was given.',
  CEL_REJECTED: 'The text is not CEL, or names a variable or function that is not there.',
  CEL_EVAL: 'The evaluation of a CEL expression ended in an error.',
  CEL_LIMIT: 'A CEL expression cost more than Kubernetes would grant it.',
  MANIFEST: 'The text is not YAML or JSON that could be an object of Kubernetes.',
  REVIEW: 'The request is no AdmissionReview that can be answered.',
  ADMISSION_LATE: 'There was no judgement of an admission request within its time or memory. The fail mode decided.',
  TEMPLATE: 'A ConstraintTemplate does not follow its specification, or its code does not compile. It is not in force.',
  CONSTRAINT: 'A constraint does not follow its specification or the schema of its template. It is not in force.',
  MUTATOR: 'A mutator does not follow its specification, contradicts another, or cannot be applied.',
  SUITE: 'A suite of Gatekeeper tests does not follow its format, or names what is not there.',
  ADMISSION_POLICY: 'A ValidatingAdmissionPolicy or its binding does not follow its specification.',
  EVIDENCE: 'The evidence is not of the shape that its kind has, or a part of it is missing.',
  TPM_ABSENT: 'There is no TPM at the place that was named, or it does not answer.',
  TPM_REFUSED: 'The TPM answered a command with an error.',
  TPM_LOCKED: 'The TPM refuses authorizations for a while: too many were wrong (dictionary attack lockout).',
  TPM_SESSION: 'An answer of the TPM does not carry the proof that its session asks for. Somebody may sit on the bus.',
  TPM_UNVERIFIED: 'Neither a pin nor a trusted certificate vouches for the endorsement key of the TPM. No secret was sent to it.',
  CREDENTIAL: 'A key cannot be enrolled: it, its TPM, or the answer to the challenge is not what it must be. Nothing was enrolled.',
  TEE_ABSENT: 'This machine is no confidential guest, or its kernel gives no reports of one.',
  TEE_REFUSED: 'The hardware or the kernel refused to give a report.',
  COLLATERAL: 'What a vendor publishes about its hardware is missing, expired, or not signed by it.',
  REFERENCE: 'A reference value is not of the shape that it must have, or is of another machine.',
  KNOWN: 'What is kept of an attestation key cannot be read, cannot be kept, or is held by another verification. Nothing was affirmed.',
  CLUSTER: 'The API server of the cluster does not answer, or refuses what was asked.',
  INTERNAL: 'A fault in Thymus itself.',
} as const

export type Code = keyof typeof CODES

/** A problem with one clear message. `at` names the place: `file:line:column`, a field, a path. */
export class ThymusError extends Error {
  readonly code: Code
  readonly at: string | undefined

  constructor(code: Code, message: string, options: { at?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ThymusError'
    this.code = code
    this.at = options.at
  }
}

/** What went wrong, as whoever knows its place tells it: the file, and then the place in it that the error names. Others than ours stay as they are. */
export function placedIn(cause: unknown, place: string): unknown {
  if (!(cause instanceof ThymusError) || cause.at === place) return cause
  return new ThymusError(cause.code, cause.message, { at: cause.at === undefined ? place : `${place}, ${cause.at}`, cause })
}

/** Does something with what has a place, as a file: what goes wrong goes wrong there. */
export function within<T>(place: string | (() => string), work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw placedIn(cause, typeof place === 'string' ? place : place())
  }
}

/** Exit status of the program: one table, documented and tested. */
export const EXIT = { ok: 0, error: 1, findings: 2, unknown: 3, usage: 64, privilege: 77, interrupted: 130 } as const

export function exitStatus(code: Code): number {
  if (code === 'USAGE') return EXIT.usage
  return code === 'PRIVILEGE' ? EXIT.privilege : EXIT.error
}
