import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { QuoteAuthority, type TcbInfoJson } from '../../../../test/kit/dcap.ts'
import { readCollateral } from './collateral.ts'
import { readEnclaveIdentity } from './enclave-identity.ts'
import { readSigned } from './published.ts'
import { readTcbInfo } from './tcb-info.ts'

const SIGNATURE = 'ab'.repeat(64)
const authority = new QuoteAuthority()
const file = (tee: 'SGX' | 'TDX') => JSON.parse(authority.collateral(tee)) as Record<string, string>

describe('what is signed', () => {
  test('is the text as it stands, wherever the member is and however it is spelt', () => {
    for (const inside of [
      '{}',
      '{"a":{"signature":"}"},"b":["]}",{"tcbInfo":1}]}',
      '{ "id" : "SGX" ,\n\t"x":"\\"}\\\\" }',
      '{"é":"\\u0022,}"}',
    ]) {
      for (const whole of [
        `{"tcbInfo":${inside},"signature":"${SIGNATURE}"}`,
        `{"signature":"${SIGNATURE.toUpperCase()}", "tcbInfo" : ${inside} }\n`,
        ` {"a":[{"tcbInfo":{}}],"tcbInfo":\r\n${inside}\r\n,"signature":"${SIGNATURE}","z":"tcbInfo"}`,
        `{"tcb\\u0049nfo":${inside},"signature":"${SIGNATURE}"}`,
      ])
        assert.deepEqual(readSigned('tcbInfo', whole), { text: inside, signature: Buffer.from(SIGNATURE, 'hex') }, whole)
    }
  })

  test('is what any parser makes of the member', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(4),
        (inside, others, space) => {
          const whole = JSON.stringify({ ...others, tcbInfo: inside, signature: SIGNATURE }, undefined, space)
          assert.deepEqual(JSON.parse(readSigned('tcbInfo', whole).text), JSON.parse(JSON.stringify(inside)))
        },
      ),
    )
  })

  test('is refused where there is none, or more than one', () => {
    for (const whole of [
      '',
      '[]',
      'null',
      '{}',
      `{"tcbInfo":{}}`,
      `{"tcbInfo":1,"signature":"${SIGNATURE}"}`,
      `{"tcbInfo":[],"signature":"${SIGNATURE}"}`,
      `{"tcbInfo":{},"signature":"${SIGNATURE}00"}`,
      `{"tcbInfo":{},"signature":"${SIGNATURE.replace('a', 'g')}"}`,
      `{"tcbInfo":{},"tcbInfo":{},"signature":"${SIGNATURE}"}`,
      `{"tcbInfo":{"a":1},"tcb\\u0049nfo":{},"signature":"${SIGNATURE}"}`,
      `{"tcbInfo":{},"signature":"${SIGNATURE}"} x`,
      `${' '.repeat(1 << 20)}{}`,
    ])
      assert.throws(() => readSigned('tcbInfo', whole), { code: 'FORMAT' }, whole.slice(0, 80))
  })
})

describe('TCB info', () => {
  const spoilt = (spoil: (info: TcbInfoJson) => void) => {
    const info = JSON.parse(file('TDX').tcb_info!) as TcbInfoJson
    spoil(info)
    return JSON.stringify(info)
  }
  const set = (to: object, name: string, value: unknown) => void Object.assign(to, { [name]: value })

  test('is read with what is not known in it', () => {
    const info = readTcbInfo(spoilt((each) => set(each, 'new', { a: 1 })))
    assert.equal(info.id, 'TDX')
    assert.equal(info.levels.length, 2)
    assert.deepEqual([...info.modules.keys()], ['TDX_01'])
  })

  test('that lacks a part, or has one that is none, is refused with the field', () => {
    for (const [at, spoil] of [
      ['tcbInfo.version', (info) => set(info, 'version', 4)],
      ['tcbInfo.id', (info) => set(info, 'id', 'SEV')],
      ['tcbInfo.fmspc', (info) => set(info, 'fmspc', '00906EA1000')],
      ['tcbInfo.issueDate', (info) => set(info, 'issueDate', 'yesterday')],
      ['tcbInfo.nextUpdate', (info) => set(info, 'nextUpdate', '2026-13-01T00:00:00Z')],
      ['tcbInfo.tcbType', (info) => set(info, 'tcbType', 1)],
      ['tcbInfo.tcbEvaluationDataNumber', (info) => set(info, 'tcbEvaluationDataNumber', -1)],
      ['tcbInfo.tcbLevels', (info) => set(info, 'tcbLevels', [])],
      ['tcbInfo.tcbLevels.0.tcbStatus', (info) => set(info.tcbLevels[0]!, 'tcbStatus', 'Fine')],
      ['tcbInfo.tcbLevels.0.tcbStatus', (info) => set(info.tcbLevels[0]!, 'tcbStatus', 'TDRelaunchAdvised')],
      ['tcbInfo.tcbLevels.0.tcb.pcesvn', (info) => set(info.tcbLevels[0]!.tcb, 'pcesvn', '11')],
      ['tcbInfo.tcbLevels.1.tcb.sgxtcbcomponents', (info) => void (info.tcbLevels[1]!.tcb.sgxtcbcomponents as unknown[]).pop()],
      ['tcbInfo.tcbLevels.1.tcb.tdxtcbcomponents', (info) => void (info.tcbLevels[1]!.tcb.tdxtcbcomponents as unknown[]).pop()],
      ['tcbInfo.tdxModuleIdentities.0.mrsigner', (info) => set(info.tdxModuleIdentities[0]!, 'mrsigner', '00')],
      ['tcbInfo.tdxModuleIdentities.0.tcbLevels', (info) => set(info.tdxModuleIdentities[0]!, 'tcbLevels', [])],
    ] as readonly (readonly [string, (info: TcbInfoJson) => void])[])
      assert.throws(() => readTcbInfo(spoilt(spoil)), { code: 'FORMAT', at }, at)
  })

  test('that names one module twice is refused', () => {
    assert.throws(() => readTcbInfo(spoilt((info) => info.tdxModuleIdentities.push(info.tdxModuleIdentities[0]!))), { code: 'FORMAT' })
  })
})

test('an identity that lacks a part is refused with the field', () => {
  const whole = JSON.parse(file('SGX').qe_identity!) as Record<string, unknown>
  for (const name of Object.keys(whole)) {
    const { [name]: _, ...rest } = whole
    assert.throws(() => readEnclaveIdentity(JSON.stringify(rest)), { code: 'FORMAT', at: `enclaveIdentity.${name}` }, name)
  }
})

test('a file of collateral that lacks a part is refused with the field; lists may be spelt in three ways', () => {
  const whole = file('SGX')
  const der = Buffer.from(whole.pck_crl!, 'hex')
  for (const name of Object.keys(whole)) {
    const { [name]: _, ...rest } = whole
    assert.throws(() => readCollateral(JSON.stringify(rest)), { code: 'FORMAT', at: `collateral.${name}` }, name)
  }
  const base64 = der.toString('base64')
  for (const list of [base64, `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`])
    assert.deepEqual(readCollateral(JSON.stringify({ ...whole, pck_crl: list })).pckCrl, der)
  assert.throws(() => readCollateral(JSON.stringify({ ...whole, pck_crl: '<html>' })), { code: 'FORMAT', at: 'pck_crl' })
})
