// SGX and TDX quotes with their collateral, and revocation lists. Allowed statuses of a case are allowed for ever: their terms are ours, not its.
import { X509Certificate } from 'node:crypto'
import { ThymusError } from '../../../src/core/errors.ts'
import { type Check, together } from '../../../src/core/verdict.ts'
import { readCertificate } from '../../../src/formats/x509/certificate.ts'
import { isListOf, readCrl } from '../../../src/formats/x509/crl.ts'
import { commonName } from '../../../src/formats/x509/name.ts'
import { chainOf, readChainFile } from '../../../src/layers/hardware/dcap/chain.ts'
import { isP256Signature, openCollateral, readCollateral } from '../../../src/layers/hardware/dcap/collateral.ts'
import { INTEL_SGX_ROOT_KEY } from '../../../src/layers/hardware/dcap/intel.ts'
import { readSigned } from '../../../src/layers/hardware/dcap/published.ts'
import { type Quote, readQuote } from '../../../src/layers/hardware/dcap/quote.ts'
import { readTcbInfo } from '../../../src/layers/hardware/dcap/tcb-info.ts'
import { type AllowedStatus, type QuotePolicy, validateQuote } from '../../../src/layers/hardware/dcap/validate.ts'
import { QuoteVerifier, type VerifiedQuote } from '../../../src/layers/hardware/dcap/verify.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge } from './case.ts'

/** What makes up the `signature` of a case: quote, quoting enclave and chain, whatever the time. */
const SIGNATURE = ['DCAP_QUOTE_SIGNATURE', 'DCAP_KEY_BINDING', 'DCAP_QE_SIGNATURE', 'DCAP_PCK_CHAIN']

/** A case's word for what is wrong → the checks of which one must have failed. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  'tcb-status': ['DCAP_TCB_STATUS'],
  debug: ['DCAP_DEBUG'],
  'sept-ve-disable': ['DCAP_SEPT_VE_DISABLE'],
  mrservicetd: ['DCAP_SERVICE_TD'],
  'tcbInfo expired': ['DCAP_COLLATERAL_VALIDITY'],
  'certificate validity': ['DCAP_PCK_VALIDITY', 'DCAP_COLLATERAL_VALIDITY'],
  'no matching TCB level': ['DCAP_TCB_LEVEL'],
  'PCK CRL issuer mismatch': ['DCAP_PCK_REVOCATION'],
}

/** SGX and TDX quotes with their collateral. */
export const dcap: Readonly<Record<string, Judge>> = { 'dcap-quote': judgeQuote, crl: judgeCrl }

function judgeQuote(one: AttestCase, files: CaseFiles): readonly Difference[] {
  const { expect } = one
  // A sample has a root of its own; what it expects of Intel's is `underIntelRoot`.
  const anchors = files.has('root') ? [readChainFile(files.read('root'))[0]!.publicKey.raw] : [INTEL_SGX_ROOT_KEY]
  const result = refusable(() => appraise(one, files, anchors))
  if (result === undefined)
    return [...answered('signature', expect.signature, 'reject'), ...answered('outcome', expect.outcome ?? 'reject', 'reject')]
  const { verified, policy } = result
  const all = [...verified.checks, ...policy]
  const outcome = ANSWER[together(all.map(({ verdict }) => verdict)).is]
  const { tcb } = verified
  return [
    ...answered('signature', expect.signature, signatureOf(verified.checks)),
    ...(expect.underIntelRoot === undefined
      ? []
      : answered('underIntelRoot', expect.underIntelRoot, signatureOf(appraise(one, files, [INTEL_SGX_ROOT_KEY]).verified.checks))),
    ...(expect.outcome === undefined ? [] : answered('outcome', expect.outcome, outcome)),
    ...reasons(expect, all),
    ...factsDiffer(
      only({ ...expect, advisoryIds: expect.advisoryIds?.toSorted() }, [
        'tcbStatus',
        'advisoryIds',
        'tcbEvaluationDataNumber',
        'tcbDate',
        'mrservicetdNonZero',
      ]),
      {
        tcbStatus: tcb?.status ?? 'unknown',
        advisoryIds: tcb?.advisoryIds,
        tcbEvaluationDataNumber: tcb?.evaluationNumber,
        tcbDate: tcb && rfc3339(tcb.date),
        mrservicetdNonZero: all.some(({ code, verdict }) => code === 'DCAP_SERVICE_TD' && verdict.is === 'fail'),
      },
    ),
    ...factsDiffer(expect.facts, { ...factsOf(verified), ...(files.has('tcbInfo') && { sampleFmspc: sampleFmspc(files, anchors) }) }),
  ]
}

const ANSWER = { pass: 'accept', fail: 'reject', unknown: 'unknown' } as const

function appraise(
  { params }: AttestCase,
  files: CaseFiles,
  anchors: readonly Buffer[],
): { verified: VerifiedQuote; policy: readonly Check[] } {
  const now = params.time === undefined ? 0 : Date.parse(params.time)
  const quote = readQuote(files.read('quote'))
  const collateral = files.has('collateral') ? openCollateral(readCollateral(files.read('collateral').toString()), anchors) : undefined
  const pckChain = params.pckFrom === 'file' ? Buffer.concat([files.read('pck'), files.read('pckChain')]) : undefined
  const verified = new QuoteVerifier(anchors).verify(quote, { now, collateral, pckChain })
  return { verified, policy: validateQuote(verified, policyOf(params.policy ?? {}), now) }
}

function policyOf(policy: Readonly<Record<string, unknown>>): QuotePolicy {
  const allowed = (policy.allowedTcbStatus ?? []) as readonly string[]
  return {
    allow: allowed
      .filter((status) => status !== 'UpToDate')
      .map((status) => ({ status: status as AllowedStatus['status'], until: Number.POSITIVE_INFINITY, minEvaluationNumber: 0 })),
    debug: policy.debug === true,
    septVeDisable: policy.septVeDisable !== false,
    ...(policy.mrservicetdZero === false && { mrServiceTd: 'any' }),
  }
}

const signatureOf = (checks: readonly Check[]) =>
  SIGNATURE.every((code) => checks.some((each) => each.code === code && each.verdict.is === 'pass')) ? 'accept' : 'reject'

/** A reason that is given must be among ours; where all of them are given, what else has a word must not have failed. Other words say nothing. */
function reasons(expect: AttestCase['expect'], checks: readonly Check[]): readonly Difference[] {
  const failed = checks.filter(({ verdict }) => verdict.is === 'fail').map(({ code }) => code)
  const given: readonly string[] = expect.reasons ?? (expect.reason === undefined ? [] : [expect.reason])
  const hasFailed = (reason: string) => REASONS[reason]!.some((code) => failed.includes(code))
  const known = Object.keys(REASONS)
  const missed = given.filter((reason) => known.includes(reason) && !hasFailed(reason))
  const isWhole = expect.reasons !== undefined && given.every((reason) => known.includes(reason))
  const strange = isWhole ? known.filter((reason) => hasFailed(reason) && !given.includes(reason)) : []
  return missed.length + strange.length === 0 ? [] : [{ what: 'reasons', expected: given, got: failed }]
}

function factsOf({ quote, platform, checks }: VerifiedQuote): Readonly<Record<string, unknown>> {
  const passed = (code: string) => checks.some((each) => each.code === code && each.verdict.is === 'pass')
  return {
    ...{ version: quote.version, tee: quote.tee, bodyType: quote.bodyType, certType: quote.certification.type },
    ...(quote.trailing > 0 && { trailingBytes: quote.trailing }),
    ...bodyFacts(quote),
    ...{ sigOk: passed('DCAP_QUOTE_SIGNATURE'), qeBind: passed('DCAP_KEY_BINDING') },
    ...{ qeSigOk: passed('DCAP_QE_SIGNATURE'), chainOk: passed('DCAP_PCK_CHAIN') },
    ...(platform && {
      fmspc: platform.extension.fmspc.toString('hex'),
      pceid: platform.extension.pceId.toString('hex'),
      pcesvn: platform.extension.tcb.pceSvn,
      pckNotAfter: new X509Certificate(platform.certificate.raw).validToDate.toISOString(),
      pckIssuer: typeof platform.chain === 'string' ? undefined : commonName(platform.chain.issuer.subject),
    }),
  }
}

/** As the sample's TCB info spells it, if that is signed below the sample's root. */
function sampleFmspc(files: CaseFiles, anchors: readonly Buffer[]): string | undefined {
  const info = readSigned('tcbInfo', files.read('tcbInfo').toString())
  const chain = chainOf(readChainFile(files.read('tcbSignChain')), ['collateral', 'root'], anchors)
  if (typeof chain === 'string' || !isP256Signature(chain.leaf, Buffer.from(info.text), info.signature)) return undefined
  readTcbInfo(info.text)
  return JSON.parse(info.text).fmspc
}

function bodyFacts({ body }: Quote): Readonly<Record<string, unknown>> {
  const reportData = body.reportData.toString('hex')
  if (body.tee === 'SGX') {
    const { mrEnclave, mrSigner, isvProdId, isvSvn, attributes } = body
    return {
      reportData,
      mrenclave: mrEnclave.toString('hex'),
      mrsigner: mrSigner.toString('hex'),
      isvProdId,
      isvSvn,
      debug: (attributes[0]! & 2) !== 0,
    }
  }
  return {
    reportData,
    ...{ mrtd: body.mrTd.toString('hex'), rtmr: body.rtmr.map((each) => each.toString('hex')), mrseam: body.mrSeam.toString('hex') },
    ...{ tdAttributes: body.tdAttributes.toString('hex'), teeTcbSvn: body.teeTcbSvn.toString('hex') },
    ...(body.v15 && { mrservicetd: body.v15.mrServiceTd.toString('hex') }),
  }
}

function judgeCrl({ expect, params }: AttestCase, files: CaseFiles): readonly Difference[] {
  const list = refusable(() => readCrl(files.read('crl')))
  if (list === undefined) return answered('verify', expect.verify, 'reject')
  const { thisUpdate, nextUpdate, revoked } = list
  const now = params.time === undefined ? undefined : Date.parse(params.time)
  const late = now !== undefined && (nextUpdate === undefined || now < thisUpdate.milliseconds || now > nextUpdate.milliseconds)
  const verify = isListOf(readCertificate(files.read('issuer')), list) && !late ? 'accept' : 'reject'
  return [
    ...answered('verify', expect.verify, verify),
    ...factsDiffer(expect.facts, {
      ...{
        thisUpdate: rfc3339(thisUpdate.milliseconds),
        nextUpdate: nextUpdate && rfc3339(nextUpdate.milliseconds),
        revoked: revoked.size,
      },
    }),
  ]
}

const rfc3339 = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`

const only = (fields: AttestCase['expect'], names: readonly string[]) =>
  Object.fromEntries(names.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]))

/** Undefined for bytes that are refused by code. */
function refusable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}
