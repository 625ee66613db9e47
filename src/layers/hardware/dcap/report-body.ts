// What the hardware reports of an enclave or of a trust domain: the part of a quote that is about the workload.
// SGX: Intel SDM vol. 3D, table 38-19 (REPORT). TDX: Intel TDX DCAP Quoting Library API, appendix A.3.
import { type ByteReader, isZero } from '../../../formats/bytes.ts'

export const SGX_REPORT_BODY_SIZE = 384

/** Body of an SGX REPORT. Reserved bytes are kept apart, since verifiers before this one did not look at them. */
export interface SgxReportBody {
  readonly tee: 'SGX'
  readonly cpuSvn: Buffer
  readonly miscSelect: number
  readonly isvExtProdId: Buffer
  /** 16 bytes: flags, then XFRM. */
  readonly attributes: Buffer
  readonly mrEnclave: Buffer
  readonly mrSigner: Buffer
  readonly configId: Buffer
  readonly isvProdId: number
  readonly isvSvn: number
  readonly configSvn: number
  readonly isvFamilyId: Buffer
  readonly reportData: Buffer
  readonly reservedIsZero: boolean
}

/** Body of a TD report. Measurements are SHA-384. */
export interface TdReportBody {
  readonly tee: 'TDX'
  /** Security versions at launch: of the TDX module (its minor, its major version), then of the platform. */
  readonly teeTcbSvn: Buffer
  readonly mrSeam: Buffer
  readonly mrSignerSeam: Buffer
  readonly seamAttributes: Buffer
  /** 8 bytes, little-endian. */
  readonly tdAttributes: Buffer
  readonly xfam: Buffer
  readonly mrTd: Buffer
  readonly mrConfigId: Buffer
  readonly mrOwner: Buffer
  readonly mrOwnerConfig: Buffer
  readonly rtmr: readonly [Buffer, Buffer, Buffer, Buffer]
  readonly reportData: Buffer
  /** TDX 1.5: the security versions that are in force now, and the service TDs that are bound to this one. */
  readonly v15?: { readonly teeTcbSvn2: Buffer; readonly mrServiceTd: Buffer }
}

export type ReportBody = SgxReportBody | TdReportBody

/** 384 bytes. @throws ThymusError FORMAT */
export function readSgxReportBody(reader: ByteReader): SgxReportBody {
  const reserved: Buffer[] = []
  const skip = (length: number) => reserved.push(reader.bytes(length, 'reserved'))
  const cpuSvn = reader.bytes(16, 'cpuSvn')
  const miscSelect = reader.u32('miscSelect')
  skip(12)
  const isvExtProdId = reader.bytes(16, 'isvExtProdId')
  const attributes = reader.bytes(16, 'attributes')
  const mrEnclave = reader.bytes(32, 'mrEnclave')
  skip(32)
  const mrSigner = reader.bytes(32, 'mrSigner')
  skip(32)
  const configId = reader.bytes(64, 'configId')
  const [isvProdId, isvSvn, configSvn] = [reader.u16('isvProdId'), reader.u16('isvSvn'), reader.u16('configSvn')]
  skip(42)
  const isvFamilyId = reader.bytes(16, 'isvFamilyId')
  const reportData = reader.bytes(64, 'reportData')
  const reservedIsZero = reserved.every(isZero)
  return {
    ...{ tee: 'SGX', cpuSvn, miscSelect, isvExtProdId, attributes, mrEnclave, mrSigner, configId, isvProdId, isvSvn },
    ...{ configSvn, isvFamilyId, reportData, reservedIsZero },
  }
}

/** 584 bytes, or 648 of TDX 1.5. @throws ThymusError FORMAT */
export function readTdReportBody(reader: ByteReader, version: '1.0' | '1.5'): TdReportBody {
  const measurement = (field: string) => reader.bytes(48, field)
  const body: TdReportBody = {
    tee: 'TDX',
    teeTcbSvn: reader.bytes(16, 'teeTcbSvn'),
    mrSeam: measurement('mrSeam'),
    mrSignerSeam: measurement('mrSignerSeam'),
    seamAttributes: reader.bytes(8, 'seamAttributes'),
    tdAttributes: reader.bytes(8, 'tdAttributes'),
    xfam: reader.bytes(8, 'xfam'),
    mrTd: measurement('mrTd'),
    mrConfigId: measurement('mrConfigId'),
    mrOwner: measurement('mrOwner'),
    mrOwnerConfig: measurement('mrOwnerConfig'),
    rtmr: [measurement('rtmr0'), measurement('rtmr1'), measurement('rtmr2'), measurement('rtmr3')],
    reportData: reader.bytes(64, 'reportData'),
  }
  if (version === '1.0') return body
  return { ...body, v15: { teeTcbSvn2: reader.bytes(16, 'teeTcbSvn2'), mrServiceTd: measurement('mrServiceTd') } }
}
