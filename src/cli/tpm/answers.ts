// What `thymus tpm` answers: the shapes of its JSON.
import type { Check } from '../../core/verdict.ts'
import type { HashName } from '../../formats/hash.ts'
import type { EndorsementKind } from '../../layers/hardware/tpm/kinds.ts'

export interface TpmInfo {
  /** Four letters of the TCG's vendor registry. */
  readonly manufacturer: string
  readonly vendor: string
  readonly firmware: string
  readonly specification: string
  /** `pcrs` as `0-23`. */
  readonly banks: readonly { readonly bank: string; readonly pcrs: string }[]
  readonly algorithms: readonly string[]
  readonly curves: readonly string[]
  readonly limits: Readonly<Record<string, number>>
}

export interface PcrValue {
  readonly bank: HashName
  readonly pcr: number
  /** Hex. */
  readonly value: string
}

export interface KeySummary {
  readonly type: string
  /** Hex. */
  readonly name: string
  readonly attributes: readonly string[]
  /** Hex; empty for none. */
  readonly policy: string
  readonly password: boolean
  /** PEM; null for what has none. */
  readonly publicKey: string | null
}

/** What a key said about the TPM. Bytes are in hex, message and signature in base64. */
export interface Statement {
  readonly type: 'quote' | 'certify'
  readonly signer: string
  readonly nonce: string
  readonly boots: number
  readonly restarts: number
  readonly about: readonly (readonly [string, string])[]
  /** TPMS_ATTEST. */
  readonly message: string
  /** TPMT_SIGNATURE. */
  readonly signature: string
  /** TPMT_PUBLIC of the signer, in base64. */
  readonly key: string
  readonly pcrs: readonly PcrValue[]
}

export interface NvSummary {
  readonly index: string
  readonly type: string
  readonly size: number
  readonly attributes: readonly string[]
  readonly isWritten: boolean
  readonly purpose: string
  readonly name: string
}

export interface CheckSummary {
  readonly code: string
  readonly title: string
  readonly is: 'pass' | 'fail' | 'unknown'
  /** Why it is not known, where it is not. */
  readonly got: string | null
}

export const checkSummary = ({ code, title, verdict, got }: Check): CheckSummary => ({
  code,
  title,
  is: verdict.is,
  got: got ?? (verdict.is === 'unknown' ? verdict.why.text : null),
})

export interface Endorsement {
  readonly kind: EndorsementKind
  readonly name: string
  readonly pinned: boolean
  readonly certificate: { readonly manufacturer: string; readonly model: string; readonly version: string; readonly ends: string } | null
  /** Of the certificate against the authorities that were named; empty where none were. */
  readonly checks: readonly CheckSummary[]
}

/** What a platform certificate says; null is what it does not say. */
export interface Platform {
  readonly manufacturer: string | null
  readonly model: string | null
  readonly version: string | null
  readonly serial: string | null
  readonly type: 'platform' | 'delta' | null
  /** Of the TCG, after which the platform was built: `2.0 revision 43`. */
  readonly specification: string | null
  /** Of the TCG, after which the certificate was made. */
  readonly profile: string | null
  readonly issuer: string
  /** Of the certificate, in hex. */
  readonly number: string
  readonly begins: string
  readonly ends: string
  readonly components: readonly PlatformPart[]
  readonly properties: readonly { readonly name: string; readonly value: string; readonly status: PartStatus }[]
  /** Where more of it is to be had; nothing is fetched. */
  readonly elsewhere: readonly string[]
  /** Attributes that are not read, dotted. */
  readonly unread: readonly string[]
  readonly checks: readonly CheckSummary[]
}

export interface PlatformPart {
  /** Registry and number in hex, `2.23.133.18.3.1:00060004`. */
  readonly class: string | null
  readonly manufacturer: string
  readonly model: string
  readonly serial: string | null
  readonly revision: string | null
  readonly replaceable: boolean
  readonly addresses: readonly string[]
  readonly status: PartStatus
}

/** Of a delta certificate. */
type PartStatus = 'added' | 'modified' | 'removed' | null

export interface Lockout {
  readonly locked: boolean
  readonly failures: number
  readonly tries: number
  /** Seconds. */
  readonly recovery: number
  readonly lockoutRecovery: number
}

export interface HandleSummary {
  readonly handle: string
  readonly kind: 'object' | 'kept object' | 'session' | 'saved session'
  /** Hex. */
  readonly name: string | null
}
