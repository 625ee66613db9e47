// What `thymus tpm` answers: the shapes of its JSON.
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
  readonly got: string | null
}

export interface Endorsement {
  readonly kind: EndorsementKind
  readonly name: string
  readonly pinned: boolean
  readonly certificate: { readonly manufacturer: string; readonly model: string; readonly version: string; readonly ends: string } | null
  /** Of the certificate against the authorities that were named; empty where none were. */
  readonly checks: readonly CheckSummary[]
}

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
