// Pieces of Kubernetes objects that several kinds share, as zod schemas, and what is said of a value that does not fit.
// Strict: a field that is not named here is refused. As in Kubernetes, null is the same as leaving a field out, except in lists and labels.
import { z } from 'zod'
import { dnsLabelProblem, labelKeyProblem, labelValueProblem, subdomainProblem } from '../../core/label-syntax.ts'
import type { LabelSelector } from '../../core/labels.ts'
import type { AddressBlock, Protocol } from '../../core/policy.ts'
import { quote } from '../../core/quote.ts'
import type { Selector } from '../../core/workload.ts'
import { isWider, parseBlock } from './address.ts'
import type { Part, Problems } from './problems.ts'

/** The part as the schema has it, or undefined after its problems were added. */
export function conform<Schema extends z.ZodType>(schema: Schema, part: Part, problems: Problems): z.output<Schema> | undefined {
  const result = schema.safeParse(part.value, { error: saying })
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys) problems.add('POLICY_FIELD', part, [...issue.path, key], 'unknown field')
    else problems.add(isUnsupported(issue) ? 'POLICY_UNSUPPORTED' : 'POLICY_FIELD', part, issue.path, issue.message)
  }
  return undefined
}

/** Adds a problem with one field of a value that has the right shape. */
export type Complain = (path: readonly PropertyKey[], message: string, unsupported?: 'unsupported') => void

/** A schema with rules between its fields. */
export function withRules<Schema extends z.ZodType>(schema: Schema, rules: (value: z.output<Schema>, complain: Complain) => void): Schema {
  return schema.superRefine((value, context) =>
    rules(value, (path, message, unsupported) => {
      context.addIssue({ code: 'custom', path: [...path], message, params: { unsupported: unsupported !== undefined } })
    }),
  ) as Schema
}

const text = (problemOf: (value: string) => string | undefined) =>
  withRules(z.string(), (value, complain) => {
    const problem = problemOf(value)
    if (problem !== undefined) complain([], `${quote(value)} ${problem}`)
  })
const labelKey = text(labelKeyProblem)
const labelValue = text(labelValueProblem)
export const objectName = text(subdomainProblem)
export const namespaceName = text(dnsLabelProblem)

const labels = withRules(z.record(z.string(), labelValue), (value, complain) => {
  for (const key of Object.keys(value)) {
    const problem = labelKeyProblem(key)
    if (problem !== undefined) complain([key], `the key ${problem}`)
  }
})

const ignored = z.unknown().optional()
/** ObjectMeta. What the API server writes there says nothing to a policy, but `kubectl get -o yaml` prints it. */
export const metadata = z.strictObject({
  name: objectName,
  namespace: namespaceName.nullish(),
  labels: labels.nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  creationTimestamp: ignored,
  deletionGracePeriodSeconds: ignored,
  deletionTimestamp: ignored,
  finalizers: ignored,
  generateName: ignored,
  generation: ignored,
  managedFields: ignored,
  ownerReferences: ignored,
  resourceVersion: ignored,
  selfLink: ignored,
  uid: ignored,
})

const requirement = withRules(
  z.strictObject({
    key: labelKey,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(labelValue).nullish(),
  }),
  ({ operator, values }, complain) => {
    const some = (values ?? []).length > 0
    if (operator.endsWith('In') && !some) complain(['values'], `${operator} needs at least one value`)
    if (!operator.endsWith('In') && some) complain(['values'], `${operator} takes no values`)
  },
)

/** meta/v1 LabelSelector. */
export const labelSelector = z.strictObject({ matchLabels: labels.nullish(), matchExpressions: z.array(requirement).nullish() })

export function toSelector({ matchLabels, matchExpressions }: z.output<typeof labelSelector>): LabelSelector {
  return [
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] }) as const),
    ...(matchExpressions ?? []).map(({ key, operator, values }) => ({ key, operator, values: values ?? [] })),
  ]
}

/** Which workloads are peers: without a selector of namespaces, those of the policy's own. */
export function toPeerSelector(
  workloads: z.output<typeof labelSelector> | null | undefined,
  namespaces: z.output<typeof labelSelector> | null | undefined,
  namespace: string,
): Selector {
  return { ...(namespaces == null ? { namespace } : { namespaces: toSelector(namespaces) }), workloads: toSelector(workloads ?? {}) }
}

/** networking/v1 IPBlock. */
export const ipBlock = withRules(
  z.strictObject({ cidr: z.string(), except: z.array(z.string()).nullish() }),
  ({ cidr, except }, complain) => {
    const block = parseBlock(cidr)
    const problemOf = (written: string) => {
      if (parseBlock(written) === undefined) return `${quote(written)} is no address block, such as 10.0.0.0/8 or 2001:db8::/32`
      return parseBlock(written)!.address.family === 4 && written.includes(':') ? `${quote(written)} is IPv4: write it so` : undefined
    }
    const problem = problemOf(cidr)
    if (problem !== undefined) complain(['cidr'], problem)
    for (const [position, written] of (except ?? []).entries()) {
      const exception = parseBlock(written)
      const problem = problemOf(written)
      if (problem !== undefined) complain(['except', position], problem)
      else if (block !== undefined && !isWider(block, exception!)) {
        complain(['except', position], `${quote(written)} is not inside ${quote(cidr)} and smaller`)
      }
    }
  },
)

export function toBlock({ cidr, except }: z.output<typeof ipBlock>): AddressBlock {
  return { cidr, except: except ?? [] }
}

/** networking/v1 NetworkPolicyPort. Whether a protocol must be named is for the kind to say. */
export const portFields = { port: z.union([z.number(), z.string()], 'must be a number').nullish(), endPort: z.number().nullish() }
export const protocol = z.enum(['TCP', 'UDP', 'SCTP'])

interface WrittenPort {
  readonly protocol?: Protocol | null | undefined
  readonly port?: number | string | null | undefined
  readonly endPort?: number | null | undefined
}

export function portRules({ port, endPort }: WrittenPort, complain: Complain): void {
  if (typeof port === 'string') {
    const name = port.length <= 15 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(port) && /[a-z]/.test(port) // RFC 6335, 5.1
    if (name) complain(['port'], `named port ${quote(port)}: name the number`, 'unsupported')
    else complain(['port'], `${quote(port)} is no port: write a number without quotes`)
  } else if (port != null && !isPort(port)) complain(['port'], `${port} is not a port between 1 and 65535`)
  if (endPort == null) return
  if (typeof port !== 'number') complain(['endPort'], 'needs `port` to be a number')
  else if (!isPort(endPort)) complain(['endPort'], `${endPort} is not a port between 1 and 65535`)
  else if (endPort < port) complain(['endPort'], `${endPort} is less than \`port\`, ${port}`)
}

export interface Traffic {
  readonly protocol?: Protocol
  readonly ports?: readonly [first: number, last: number]
}

export function toTraffic({ protocol, port, endPort }: WrittenPort & { readonly protocol: Protocol }): Traffic {
  return { protocol, ...(typeof port === 'number' ? { ports: [port, endPort ?? port] as const } : {}) }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  number: 'a number',
}

/** Messages in our own words; undefined leaves zod's. */
function saying(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'missing'
  if (issue.code === 'invalid_type') return `must be ${KIND_NAMES[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String)
    return `must be ${values.length > 1 ? `one of ${values.join(', ')}` : values[0]}, not ${kindOf(issue.input)}`
  }
  return undefined
}

function kindOf(input: unknown): string {
  if (input === null) return 'empty'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'object') return 'an object'
  return typeof input === 'string' ? quote(input) : `the ${typeof input} ${input}`
}

function isUnsupported(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.unsupported === true
}
