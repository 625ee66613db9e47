import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertAnswers } from '../../../../../test/kit/rego-builtins.ts'
import { offsetAt } from './zone.ts'

test('times are read and written by Go layouts, in zones', () => {
  assertAnswers([
    ['time.format', ['1700000000123456789'], '"2023-11-14T22:13:20.123456789Z"'],
    ['time.format', ['[1700000000123456789, "America/New_York", "RFC1123"]'], '"Tue, 14 Nov 2023 17:13:20 EST"'],
    [
      'time.format',
      ['[1700000000123456789, "Asia/Kathmandu", "Mon Jan _2 3:04:05.000PM __2 -07:00 MST 2006"]'],
      '"Wed Nov 15 3:58:20.123AM 319 +05:45 +0545 2023"',
    ],
    [
      'time.format',
      ['[-9223372036854775808, "Europe/Berlin", "2006 -07:00:00 MST Month Janus _2006 .9"]'],
      '"1677 +00:53:28 LMT Month Janus _1677 .1"',
    ],
    ['time.format', ['[1, "nowhere"]'], undefined],
    ['time.format', ['[1, "+05:00"]'], undefined],
    ['time.date', ['[1700000000000000000, "Pacific/Apia"]'], '[2023, 11, 15]'],
    ['time.clock', ['[1.5]'], undefined],
    ['time.clock', ['[-1, "UTC"]'], '[23, 59, 59]'],
    ['time.weekday', ['1e18'], '"Sunday"'],
    ['time.add_date', ['[1700000000000000005, "Europe/Berlin"]', '0', '4', '17'], '1711919600000000005'],
    ['time.add_date', ['0', '300', '0', '0'], undefined],
    ['time.add_date', ['[1711774800000000000,"Europe/Berlin"]', '0', '0', '1'], '1711857600000000000'],
    ['time.diff', ['[1700000000000000000, "UTC"]', '0'], '[53, 10, 13, 22, 13, 20]'],
    ['time.parse_rfc3339_ns', ['"2024-02-29T23:59:59.123456789+01:00"'], '1709247599123456789'],
    ['time.parse_rfc3339_ns', ['"2023-02-29T00:00:00Z"'], undefined],
    ['time.parse_rfc3339_ns', ['"2262-04-11T23:47:16.854775808Z"'], undefined],
    ['time.parse_rfc3339_ns', ['"2024-01-01T00:00:00,5Z"'], '1704067200500000000'],
    ['time.parse_rfc3339_ns', ['"2024-01-01T5:04:05Z"'], '1704085445000000000'],
    ['time.parse_ns', ['"RFC1123"', '"Mon, 02 Jan 2006 15:04:05 GMT+3"'], '1136214245000000000'],
    ['time.parse_ns', ['"Jan _2 2006 3:04pm"', '"FEB  9 2020 12:30am"'], '1581208200000000000'],
    ['time.parse_ns', ['"2006 002"', '"2024 060"'], '1709164800000000000'],
    ['time.parse_ns', ['"2006 x"', '"2006 y"'], undefined],
    ['time.parse_duration_ns', ['"1w2d1.5h"'], '783000000000000'],
    ['time.parse_duration_ns', ['"1y"'], '31536000000000000'],
    ['time.parse_duration_ns', ['"-1h2m3.5s"'], '-3723500000000'],
    ['time.parse_duration_ns', ['"9223372036854775808ns"'], undefined],
    ['time.parse_duration_ns', ['"1x"'], undefined],
    ['time.parse_duration_ns', ['".5d"'], '43200000000000'],
    ['time.parse_duration_ns', ['""'], undefined],
  ])
})

test('a zone is as far from Greenwich as it is at that second, whatever was asked before', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'Africa/Casablanca', 'Etc/GMT+5']
  const second = fc.oneof(fc.integer({ min: -9_223_372_036, max: 9_223_372_036 }), fc.integer({ min: 1_743_296_390, max: 1_743_296_410 }))
  fc.assert(
    fc.property(fc.constantFrom(...zones), second, (zone, at) => {
      const { offsetNanoseconds } = new Temporal.ZonedDateTime(BigInt(at) * 1_000_000_000n, zone)
      assert.equal(offsetAt(zone, at), Math.round(offsetNanoseconds / 1e9))
    }),
    { numRuns: 2000 },
  )
})
