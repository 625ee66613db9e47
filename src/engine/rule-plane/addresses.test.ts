import assert from 'node:assert/strict'
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { addressBytes, addressOfBytes, contains, parseAddress, parseCidr, single } from './addresses.ts'
import { Blocks } from './blocks.ts'
import { IDENTITY } from './tables.ts'

describe('addresses', () => {
  const hex = (text: string) => parseAddress(text)?.toString(16)

  test('IPv4 is the same as its form in IPv6', () => {
    assert.equal(hex('10.1.2.3'), 'ffff0a010203')
    assert.equal(hex('::ffff:10.1.2.3'), 'ffff0a010203')
    assert.equal(hex('::FFFF:a01:203'), 'ffff0a010203')
  })

  test('all spellings of one IPv6 address are one number', () => {
    for (const text of ['2001:db8::1', '2001:0DB8:0:0:0::0001', '2001:db8:0:0:0:0:0.0.0.1'])
      assert.equal(hex(text), '20010db8000000000000000000000001')
    assert.equal(hex('::'), '0')
    assert.equal(hex('1:2:3:4:5:6:7::'), '10002000300040005000600070000')
  })

  test('whatever Node takes for an address is taken with the same meaning, and nothing else is', () => {
    const texts = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom('0', '1', 'f', 'F', '9', ':', '::', '.', '255', '256', 'g', '%', '/') }),
      fc.string(),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const address = parseAddress(text)
        assert.equal(address !== undefined, isIP(text.split('%')[0]!) !== 0 && !text.includes('%'), JSON.stringify(text))
        if (address === undefined) return
        const family = isIPv4(text) ? 'ipv4' : 'ipv6'
        const again = addressOfBytes(addressBytes(address))
        assert.equal(again, address)
        const groups = Array.from({ length: 8 }, (_, at) => ((again >> BigInt(112 - 16 * at)) & 0xffffn).toString(16)).join(':')
        const list = new BlockList()
        list.addAddress(new SocketAddress({ address: groups, family: 'ipv6' }))
        assert.ok(list.check(text, family), `${text} is not ${groups}`)
      }),
      { numRuns: 5000 },
    )
  })

  test('a megabyte of anything is no range, and nothing is built of it', () => {
    for (const unit of [':', '::', '1:', '.', '1.', '0', '/']) assert.equal(parseCidr(unit.repeat(1 << 20)), undefined)
  })
})

describe('ranges', () => {
  test('bits behind the prefix are cleared', () => {
    assert.deepEqual(parseCidr('10.1.2.3/8'), parseCidr('10.0.0.0/8'))
    assert.deepEqual(parseCidr('fd00:1::7/16'), parseCidr('fd00::/16'))
    assert.deepEqual(parseCidr('::ffff:10.0.0.0/104'), parseCidr('10.0.0.0/8'))
  })

  test('what is no CIDR notation is refused', () => {
    for (const text of [
      '',
      '10.0.0.0',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/08',
      '10.0.0.0/8/8',
      '::/129',
      '010.0.0.0/8',
      'fe80::1%eth0/64',
      '/8',
    ]) {
      assert.equal(parseCidr(text), undefined, text)
    }
  })

  test('a range of IPv6 holds no IPv4', () => {
    assert.ok(contains(parseCidr('::/0')!, parseCidr('fd00::/8')!))
    assert.ok(!contains(parseCidr('::/0')!, parseCidr('10.0.0.0/8')!))
    assert.ok(contains(parseCidr('0.0.0.0/0')!, parseCidr('10.0.0.0/8')!))
  })
})

describe('blocks', () => {
  const anyCidr = fc
    .tuple(fc.boolean(), fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 4 }), fc.nat({ max: 32 }))
    .map(([v4, parts, bits]) => (v4 ? `${parts.join('.')}/${bits}` : `fd00::${parts.join(':')}/${bits === 0 ? 0 : bits + 96}`))

  test('the narrowest block of an address is one that a rule speaks of exactly if the address is inside its range and outside its exceptions', () => {
    const checked = { inside: 0, outside: 0 }
    const anyRules = fc.array(fc.record({ cidr: anyCidr, except: fc.array(anyCidr, { maxLength: 3 }) }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(anyRules, fc.array(anyCidr, { minLength: 10, maxLength: 10 }), (rules, places) => {
        const range = (text: string) => parseCidr(text)!
        const blocks = new Blocks(rules.flatMap(({ cidr, except }) => [range(cidr), ...except.map(range)]))
        for (const { cidr, except } of rules) {
          const runs = blocks.within(range(cidr), except.map(range))
          for (const text of places.map((place) => place.split('/')[0]!)) {
            const address = parseAddress(text)!
            const identity = blocks.narrowest(address)
            const found = runs.some(([from, end]) => identity >= from && identity < end)
            const inside = holds(cidr, text) && !except.some((hole) => holds(hole, text))
            assert.equal(found, inside, `${text} in ${cidr} except ${except}`)
            checked[inside ? 'inside' : 'outside']++
          }
        }
      }),
      { numRuns: 1000 },
    )
    assert.ok(checked.inside > 1000 && checked.outside > 1000, JSON.stringify(checked))
  })

  test('an address in no block has none', () => {
    assert.equal(new Blocks([parseCidr('10.0.0.0/8')!]).narrowest(parseAddress('11.0.0.1')!), 0)
    assert.equal(new Blocks([]).narrowest(parseAddress('::1')!), 0)
  })

  test('a fence keeps IPv4 out of ::/0 in a table of 128 bits, unless IPv4 has a block of its own', () => {
    const entriesOf = (...texts: string[]) =>
      [...new Blocks(texts.map((text) => parseCidr(text)!)).entries()].map(([{ bits }, block]) => [bits, block])
    assert.deepEqual(entriesOf('::/0'), [[0, IDENTITY.block], [96, 0]]) // biome-ignore format: pairs
    assert.deepEqual(entriesOf('fd00::/8'), [[8, IDENTITY.block]])
    assert.deepEqual(entriesOf('::/0', '0.0.0.0/0').length, 2)
  })

  function holds(cidr: string, address: string): boolean {
    const range = parseCidr(cidr)!
    const list = new BlockList()
    const [network, bits] = cidr.split('/') as [string, string]
    list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6')
    const held = isIPv4(network) === isIPv4(address) && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
    assert.equal(contains(range, single(parseAddress(address)!)), held)
    return held
  }
})
