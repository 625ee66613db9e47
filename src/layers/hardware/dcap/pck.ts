// The certificate of a platform's provisioning key (PCK), and what Intel writes of the platform into it.
// Intel SGX PCK Certificate and CRL Profile Specification 1.5, §1.3.5.
import { DerReader } from '../../../formats/der/reader.ts'
import { TAG } from '../../../formats/der/tags.ts'
import type { Certificate } from '../../../formats/x509/certificate.ts'

export interface PlatformTcb {
  /** Security versions of the 16 components. */
  readonly components: readonly number[]
  readonly pceSvn: number
  readonly cpuSvn: Buffer
}

export interface PckExtension {
  /** Of the platform, 16 bytes: the same for as long as it is not provisioned anew. */
  readonly ppid: Buffer
  readonly tcb: PlatformTcb
  readonly pceId: Buffer
  /** Family, model, stepping, platform and customer SKU: 6 bytes. */
  readonly fmspc: Buffer
  readonly sgxType: 'standard' | 'scalable' | 'scalable-with-integrity'
  /** Of a platform of several packages. */
  readonly platformInstanceId?: Buffer
  readonly configuration?: { readonly dynamicPlatform?: boolean; readonly cachedKeys?: boolean; readonly smtEnabled?: boolean }
}

const SGX = '1.2.840.113741.1.13.1'
const SGX_TYPES = ['standard', 'scalable', 'scalable-with-integrity'] as const
const COMPONENTS = 16
/** Security versions are bytes; Intel's own samples have larger ones. */
const MAX_SVN = 0xffff

/** @throws ThymusError FORMAT where the certificate has no such extension, or one that does not follow the profile */
export function readPckExtension(certificate: Certificate): PckExtension {
  const found = certificate.extensions.find(({ id }) => id === SGX)
  const reader = new DerReader(found?.value ?? Buffer.alloc(0))
  if (found === undefined) reader.fail(`a certificate without the extension ${SGX}`)
  const values = fieldsOf(reader)
  const need = <T>(number: number, what: string, read: (value: DerReader) => T): T => {
    const value = values.get(number)
    return value === undefined ? reader.fail(`the extension has no ${what}`) : read(value)
  }
  const platformInstanceId = values.get(6)?.octets()
  const configuration = values.get(7)
  return {
    ppid: need(1, 'PPID', (value) => sized(value, 16)),
    tcb: need(2, 'TCB', readTcb),
    pceId: need(3, 'PCE-ID', (value) => sized(value, 2)),
    fmspc: need(4, 'FMSPC', (value) => sized(value, 6)),
    sgxType: need(5, 'SGX type', (value) => SGX_TYPES[value.count(SGX_TYPES.length - 1, TAG.enumerated)]!),
    ...(platformInstanceId && { platformInstanceId }),
    ...(configuration && { configuration: readConfiguration(configuration) }),
  }
}

function readTcb(reader: DerReader): PlatformTcb {
  const values = fieldsOf(reader, `${SGX}.2`)
  const svn = (number: number) => (values.get(number) ?? reader.fail(`the TCB has no part ${number}`)).count(MAX_SVN)
  const components = Array.from({ length: COMPONENTS }, (_, index) => svn(index + 1))
  return { components, pceSvn: svn(17), cpuSvn: sized(values.get(18) ?? reader.fail('the TCB has no CPUSVN'), 16) }
}

function readConfiguration(reader: DerReader): NonNullable<PckExtension['configuration']> {
  const values = fieldsOf(reader, `${SGX}.7`)
  const names = ['dynamicPlatform', 'cachedKeys', 'smtEnabled'] as const
  return Object.fromEntries(
    names.flatMap((name, index) => (values.get(index + 1) === undefined ? [] : [[name, values.get(index + 1)!.boolean()]])),
  )
}

/** A SEQUENCE of pairs of an identifier below `parent` and a value: the value's reader by the identifier's last number. */
function fieldsOf(reader: DerReader, parent = SGX): ReadonlyMap<number, DerReader> {
  const values = new Map<number, DerReader>()
  const list = reader.enter(TAG.sequence)
  reader.finish()
  for (const pair of list.each((each) => each.enter(TAG.sequence))) {
    const id = pair.oid()
    const number = Number(id.slice(parent.length + 1))
    if (!id.startsWith(`${parent}.`) || !Number.isInteger(number)) pair.fail(`${id} does not belong here`)
    if (values.has(number)) pair.fail(`${id} stands twice`)
    values.set(number, new DerReader(pair.whole()))
    pair.finish()
  }
  return values
}

function sized(reader: DerReader, length: number): Buffer {
  const bytes = reader.octets()
  return bytes.length === length ? bytes : reader.fail(`${bytes.length} bytes, where ${length} are needed`)
}
