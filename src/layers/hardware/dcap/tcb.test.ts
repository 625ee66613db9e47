import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type CollateralRequest, NOW, QuoteAuthority, type QuoteRequest } from '../../../../test/kit/dcap.ts'
import { openCollateral, readCollateral } from './collateral.ts'
import { readQuote } from './quote.ts'
import { afterUpdate, converge, PUBLISHED_STATUSES, type PublishedStatus } from './tcb-status.ts'
import { QuoteVerifier } from './verify.ts'

const authority = new QuoteAuthority()

/** The evaluation, or what there is no level for. */
function evaluated(quote: QuoteRequest, collateral: CollateralRequest = {}) {
  const read = readQuote(authority.quote(quote))
  const opened = openCollateral(readCollateral(authority.collateral(read.tee, collateral)), authority.anchors)
  const { tcb, checks } = new QuoteVerifier(authority.anchors).verify(read, { now: NOW, collateral: opened })
  return tcb ?? checks.find(({ code }) => code === 'DCAP_TCB_LEVEL')!.got
}

const statusOf = (quote: QuoteRequest, collateral: CollateralRequest = {}) => {
  const found = evaluated(quote, collateral)
  return typeof found === 'string' || found === undefined ? found : found.status
}
const put = (to: object, name: string | number, value: unknown) => void Object.assign(to, { [name]: value })
const platformIs = (tcbStatus: PublishedStatus): CollateralRequest => ({
  tcbInfo: (info) => put(info.tcbLevels[0]!, 'tcbStatus', tcbStatus),
})

describe('the status of a whole', () => {
  const status = fc.constantFrom(...PUBLISHED_STATUSES)
  const worse = (one: string, other: string) =>
    PUBLISHED_STATUSES.indexOf(one as PublishedStatus) >= PUBLISHED_STATUSES.indexOf(other as PublishedStatus)

  test('does not depend on the order of its parts, nor on how they are put together, and none is better than a part', () => {
    fc.assert(
      fc.property(status, status, status, (a, b, c) => {
        assert.equal(converge([a, b]), converge([b, a]))
        assert.equal(converge([a, converge([b, c])]), converge([converge([a, b]), c]))
        assert.equal(converge([a, a]), a)
        assert.equal(converge([a, 'UpToDate']), a)
        for (const part of [a, b]) assert.ok(worse(converge([a, b]), part))
      }),
    )
  })

  test('is the one that Intel’s library concludes', () => {
    for (const [platform, part, whole] of [
      ['UpToDate', 'OutOfDate', 'OutOfDate'],
      ['SWHardeningNeeded', 'OutOfDate', 'OutOfDate'],
      ['ConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
      ['ConfigurationAndSWHardeningNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
      ['OutOfDateConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
      ['OutOfDate', 'UpToDate', 'OutOfDate'],
      ['Revoked', 'OutOfDate', 'Revoked'],
      ['UpToDate', 'Revoked', 'Revoked'],
    ] as const)
      assert.equal(converge([platform, part]), whole)
  })

  test('of a TD whose platform was updated below it is to be launched anew, if it was out of date alone', () => {
    for (const [launch, current, whole] of [
      ['OutOfDate', 'UpToDate', 'TDRelaunchAdvised'],
      ['OutOfDate', 'SWHardeningNeeded', 'TDRelaunchAdvised'],
      ['OutOfDate', 'ConfigurationNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
      ['OutOfDateConfigurationNeeded', 'UpToDate', 'TDRelaunchAdvisedConfigurationNeeded'],
      ['OutOfDate', 'OutOfDate', 'OutOfDate'],
      ['OutOfDate', 'Revoked', 'Revoked'],
      ['UpToDate', 'OutOfDate', 'OutOfDate'],
      ['UpToDate', 'Revoked', 'Revoked'],
      ['Revoked', 'UpToDate', 'Revoked'],
    ] as const)
      assert.equal(afterUpdate(launch, current), whole)
  })
})

describe('a level is found', () => {
  test('by the components and the PCE of the platform, best first', () => {
    for (const tee of ['SGX', 'TDX'] as const) {
      const quote = { version: 4, tee } as const
      assert.equal(statusOf(quote), 'UpToDate')
      for (const status of PUBLISHED_STATUSES) assert.equal(statusOf(quote, platformIs(status)), status)
      const raised = (at: number): CollateralRequest => ({
        tcbInfo: (info) => {
          const components = info.tcbLevels[0]!.tcb.sgxtcbcomponents as { svn: number }[]
          components[at]!.svn++
        },
      })
      for (let at = 0; at < 16; at++) {
        assert.deepEqual(evaluated(quote, raised(at)), {
          status: 'OutOfDate',
          advisoryIds: ['INTEL-SA-00001', 'INTEL-SA-00002'],
          date: Date.UTC(2021, 0),
          evaluationNumber: 18,
        })
      }
      assert.equal(statusOf(quote, { tcbInfo: (info) => put(info.tcbLevels[0]!.tcb, 'pcesvn', 12) }), 'OutOfDate')
      const none: CollateralRequest = {
        tcbInfo: (info) => {
          for (const { tcb } of info.tcbLevels) put(tcb, 'pcesvn', 12)
        },
      }
      assert.equal(statusOf(quote, none), 'no level for the platform')
    }
  })

  test('by the TDX components, of which the module’s own are left to its identity from major version 1', () => {
    for (let at = 0; at < 16; at++) {
      const raise: CollateralRequest = {
        tcbInfo: (info) => {
          const components = info.tcbLevels[0]!.tcb.tdxtcbcomponents as { svn: number }[]
          components[at]!.svn += 200
        },
      }
      assert.equal(statusOf({ version: 4 }, raise), at < 2 ? 'UpToDate' : 'OutOfDate', `component ${at}`)
      const older: QuoteRequest = { version: 4, body: (body) => put(body, 1, 0) }
      assert.equal(statusOf(older, raise), 'OutOfDate', `component ${at} of major version 0`)
    }
    const missing: CollateralRequest = {
      tcbInfo: (info) => {
        for (const { tcb } of info.tcbLevels) delete tcb.tdxtcbcomponents
      },
    }
    assert.equal(statusOf({ version: 4 }, missing), 'no level for the platform')
  })

  test('for the TDX module by its major version', () => {
    const module = (minor: number, major: number): QuoteRequest => ({ version: 4, body: (body) => void body.set([minor, major]) })
    assert.equal(statusOf(module(5, 1)), 'UpToDate')
    assert.equal(statusOf(module(4, 1)), 'OutOfDate')
    assert.equal(statusOf(module(4, 1), platformIs('ConfigurationNeeded')), 'OutOfDateConfigurationNeeded')
    assert.equal(statusOf(module(1, 1)), 'no level for the TDX module (version 1.1)')
    assert.equal(statusOf(module(9, 2)), 'no level for the TDX module (version 2.9)')
    const sixteenth: CollateralRequest = { tcbInfo: (info) => put(info.tdxModuleIdentities[0]!, 'id', 'TDX_1A') }
    assert.equal(statusOf(module(5, 0x1a), sixteenth), 'UpToDate')
  })

  test('for what runs now and for what it was launched on', () => {
    const update = (launch: readonly number[], now: readonly number[]): QuoteRequest => ({
      version: 5,
      body: (body) => {
        body.set(launch)
        body.set(now, 584)
      },
    })
    assert.equal(statusOf(update([3, 1], [6, 1])), 'TDRelaunchAdvised')
    assert.equal(statusOf(update([6, 1], [3, 1])), 'OutOfDate')
    assert.equal(statusOf(update([3, 1], [3, 1])), 'OutOfDate')
    assert.equal(statusOf(update([6, 1], [1, 1])), 'no level for the TDX module (version 1.1), as it is now')
    const found = evaluated(update([3, 1], [6, 1]))
    assert.deepEqual(typeof found === 'object' && found.advisoryIds, ['INTEL-SA-00003'])
  })

  test('for the quoting enclave', () => {
    const level = (isvsvn: number, tcbStatus: string) => ({
      tcb: { isvsvn },
      tcbStatus,
      tcbDate: '2020-01-01T00:00:00Z',
      advisoryIDs: ['INTEL-SA-00001'],
    })
    const levels = (...all: readonly ReturnType<typeof level>[]): CollateralRequest => ({
      qeIdentity: (identity) => put(identity, 'tcbLevels', all),
    })
    assert.deepEqual(evaluated({}, levels(level(5, 'UpToDate'), level(4, 'OutOfDate'))), {
      status: 'OutOfDate',
      advisoryIds: ['INTEL-SA-00001'],
      date: Date.UTC(2020, 0),
      evaluationNumber: 18,
    })
    assert.equal(statusOf({}, levels(level(4, 'Revoked'))), 'Revoked')
    assert.equal(statusOf({}, levels(level(5, 'UpToDate'))), 'no level for the quoting enclave (security version 4)')
  })

  test('in TCB info of version 2, which lists components one by one', () => {
    const second: CollateralRequest = {
      tcbInfo: (info) => {
        delete info.id
        info.version = 2
        for (const level of info.tcbLevels) {
          const components = level.tcb.sgxtcbcomponents as { svn: number }[]
          level.tcb = {
            pcesvn: level.tcb.pcesvn,
            ...Object.fromEntries(components.map(({ svn }, at) => [`sgxtcbcomp${String(at + 1).padStart(2, '0')}svn`, svn])),
          }
        }
      },
    }
    assert.equal(statusOf({ version: 3 }, second), 'UpToDate')
  })
})
