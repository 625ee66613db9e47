// TCB info: which security versions a kind of platform must have (Intel PCS v3 and v4, /tcb).
import { z } from 'zod'
import { hex, instant, type Level, levels, parsed, type SoftwareLevel, softwareLevels, svn } from './published.ts'

/** A platform that is at least as high in every part has this level. */
export interface TcbLevel extends Level {
  /** 16 of them. */
  readonly sgx: readonly number[]
  /** 16 of them; undefined in TCB info of SGX. */
  readonly tdx: readonly number[] | undefined
  readonly pceSvn: number
}

export interface ModuleIdentity {
  readonly mrSigner: Buffer
  readonly attributes: Buffer
  readonly attributesMask: Buffer
}

export interface VersionedModule extends ModuleIdentity {
  readonly levels: readonly SoftwareLevel[]
}

export interface TcbInfo {
  readonly id: 'SGX' | 'TDX'
  /** Milliseconds since 1970. */
  readonly issueDate: number
  readonly nextUpdate: number
  readonly fmspc: Buffer
  readonly pceId: Buffer
  readonly evaluationNumber: number
  /** Best first. */
  readonly levels: readonly TcbLevel[]
  /** Of TDX modules whose major version is 0. */
  readonly module: ModuleIdentity | undefined
  /** By id, as `TDX_01` for major version 1. */
  readonly modules: ReadonlyMap<string, VersionedModule>
}

const COMPONENTS = 16
const components = z.array(z.object({ svn }).transform((each) => each.svn)).length(COMPONENTS)
const names = Array.from({ length: COMPONENTS }, (_, index) => `sgxtcbcomp${String(index + 1).padStart(2, '0')}svn`)

/** Version 2 has a field for each component. */
const flat = z
  .object({ pcesvn: svn })
  .catchall(z.unknown())
  .transform(({ pcesvn, ...fields }, context) => {
    const sgx = z.array(svn).safeParse(names.map((name) => fields[name]))
    if (!sgx.success) context.addIssue('16 components are needed')
    return { sgx: sgx.data ?? [], tdx: undefined, pceSvn: pcesvn }
  })

const listed = z
  .object({ sgxtcbcomponents: components, tdxtcbcomponents: components.optional(), pcesvn: svn })
  .transform(({ sgxtcbcomponents, tdxtcbcomponents, pcesvn }) => ({ sgx: sgxtcbcomponents, tdx: tdxtcbcomponents, pceSvn: pcesvn }))

const moduleFields = { mrsigner: hex(48), attributes: hex(8), attributesMask: hex(8) }
const identity = z.object(moduleFields).transform(({ mrsigner, ...rest }): ModuleIdentity => ({ mrSigner: mrsigner, ...rest }))
const versioned = z
  .object({ ...moduleFields, id: z.string().max(100), tcbLevels: softwareLevels })
  .transform(({ id, mrsigner, tcbLevels, ...rest }) => [id, { mrSigner: mrsigner, levels: tcbLevels, ...rest }] as const)

const isEachOnce = (all: readonly (readonly [string, unknown])[]) => new Map(all).size === all.length

const head = {
  issueDate: instant,
  nextUpdate: instant,
  fmspc: hex(6),
  pceId: hex(2),
  tcbType: z.literal(0),
  tcbEvaluationDataNumber: z.int().min(0),
}
const schema = z.discriminatedUnion('version', [
  z.object({ ...head, version: z.literal(2), id: z.literal('SGX').default('SGX'), tcbLevels: levels(flat) }),
  z.object({
    ...{ ...head, version: z.literal(3), id: z.enum(['SGX', 'TDX']), tcbLevels: levels(listed) },
    ...{
      tdxModule: identity.optional(),
      tdxModuleIdentities: z.array(versioned).max(256).refine(isEachOnce, 'a module stands twice').default([]),
    },
  }),
])

/** @throws ThymusError FORMAT for what is no TCB info of version 2 or 3 */
export function readTcbInfo(text: string): TcbInfo {
  const { id, issueDate, nextUpdate, fmspc, pceId, ...info } = parsed('tcbInfo', schema, text)
  return {
    ...{ id, issueDate, nextUpdate, fmspc, pceId, evaluationNumber: info.tcbEvaluationDataNumber, levels: info.tcbLevels },
    module: info.version === 3 ? info.tdxModule : undefined,
    modules: new Map(info.version === 3 ? info.tdxModuleIdentities : []),
  }
}
