import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { inBlock, isLoopback, isWider, parseAddress, parseBlock } from './address.ts'

const v4 = fc.ipV4()
const v6 = fc.ipV6().filter((text) => !/^(0+:){5}ffff:|^::ffff:/i.test(text)) // those are IPv4, and have a test of their own

describe('addresses', () => {
  test('are what Node takes for one, zones aside', () => {
    const piece = fc.constantFrom('0', '1', '10', '255', '256', '01', 'a', 'ffff', '10000', ':', '::', '.', '1.2.3.4', '/')
    const any = fc.oneof(
      v4,
      fc.ipV6(),
      fc.array(piece, { maxLength: 16 }).map((parts) => parts.join('')),
    )
    let addresses = 0
    fc.assert(
      fc.property(any, (text) => {
        assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0, text)
        if (isIP(text) !== 0) addresses++
      }),
      { numRuns: 3000 },
    )
    assert.ok(addresses > 1000)
    assert.equal(parseAddress('fe80::1%eth0'), undefined)
  })

  test('of IPv4 are the same when written as IPv6', () => {
    assert.deepEqual(parseAddress('::ffff:10.1.2.3'), parseAddress('10.1.2.3'))
    assert.deepEqual(parseAddress('::ffff:a01:203'), parseAddress('10.1.2.3'))
    assert.deepEqual(parseBlock('::ffff:10.0.0.0/104'), parseBlock('10.0.0.0/8'))
    assert.equal(parseBlock('::ffff:10.0.0.0/95'), undefined)
  })

  test('of loopback are 127.0.0.0/8 and ::1', () => {
    for (const text of ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(parseAddress(text)!), text)
    for (const text of ['128.0.0.0', '126.255.255.255', '::', '::2', '0.0.0.1', '::127.0.0.1'])
      assert.ok(!isLoopback(parseAddress(text)!), text)
  })
})

describe('blocks', () => {
  test('hold the addresses that Node says they hold', () => {
    const near = (text: string, bits: number) => fc.constantFrom(text).map((base) => ({ base, bits }))
    const block = fc.oneof(
      fc.tuple(v4, fc.nat(32)).chain(([text, bits]) => near(text, bits)),
      fc.tuple(v6, fc.nat(128)).chain(([text, bits]) => near(text, bits)),
    )
    let held = 0
    fc.assert(
      fc.property(block, fc.oneof(v4, v6), ({ base, bits }, other) => {
        const list = new BlockList()
        list.addSubnet(base, bits, isIP(base) === 4 ? 'ipv4' : 'ipv6')
        for (const text of [base, other]) {
          const expected = isIP(base) === isIP(text) && list.check(text, isIP(text) === 4 ? 'ipv4' : 'ipv6')
          assert.equal(inBlock(parseBlock(`${base}/${bits}`)!, parseAddress(text)!), expected, `${text} in ${base}/${bits}`)
          if (expected) held++
        }
      }),
      { numRuns: 2000 },
    )
    assert.ok(held > 2000)
  })

  test('of IPv6 hold no IPv4, and the other way round', () => {
    assert.ok(!inBlock(parseBlock('::/0')!, parseAddress('10.0.0.1')!))
    assert.ok(!inBlock(parseBlock('0.0.0.0/0')!, parseAddress('::1')!))
    assert.ok(!inBlock(parseBlock('::/0')!, parseAddress('::ffff:10.0.0.1')!))
  })

  test('are wider than others only if they hold more', () => {
    assert.ok(isWider(parseBlock('10.0.0.0/8')!, parseBlock('10.1.0.0/16')!))
    assert.ok(!isWider(parseBlock('10.0.0.0/8')!, parseBlock('10.0.0.0/8')!))
    assert.ok(!isWider(parseBlock('10.0.0.0/8')!, parseBlock('0.0.0.0/0')!))
    assert.ok(!isWider(parseBlock('10.0.0.0/8')!, parseBlock('11.0.0.0/16')!))
    assert.ok(!isWider(parseBlock('::/0')!, parseBlock('10.0.0.0/8')!))
  })

  for (const text of [
    '',
    '/',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '010.0.0.0/8',
    ' 10.0.0.0/8',
    '::/129',
    'x/8',
  ]) {
    test(`"${text}" is none`, () => assert.equal(parseBlock(text), undefined))
  }
})
