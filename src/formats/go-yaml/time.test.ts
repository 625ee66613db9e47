// What Go's time.Parse makes of the layouts that its yaml libraries try, and its JSON of the time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readTime } from './time.ts'

const times: readonly (readonly [text: string, time: string])[] = [
  ['2001-01-01', '2001-01-01T00:00:00Z'],
  ['2001-1-1', '2001-01-01T00:00:00Z'],
  ['0000-02-29', '0000-02-29T00:00:00Z'],
  ['2001-01-01   1:2:3.50', '2001-01-01T01:02:03.5Z'],
  ['2001-01-01T1:2:3Z', '2001-01-01T01:02:03Z'],
  ['2001-01-01t01:02:03.000Z', '2001-01-01T01:02:03Z'],
  ['2001-01-01T01:02:03,1234567899Z', '2001-01-01T01:02:03.123456789Z'],
  ['2001-01-01T01:02:03-05:00', '2001-01-01T01:02:03-05:00'],
  ['2001-01-01T01:02:03-00:00', '2001-01-01T01:02:03Z'],
  ['2001-01-01T01:02:03+01:60', '2001-01-01T01:02:03+02:00'],
]
for (const [text, time] of times) test(`${text} is ${time}`, () => assert.equal(readTime(text), time))

const texts = [
  ...['2001-02-29', '2001-13-01', '2001-01-00', '2001-001-01', '201-01-01', '20010-01-01', '-2001-01-01', '2001-01', '2001-01-01 '],
  ...['2001-01-01 24:00:00', '2001-01-01 1:60:0', '2001-01-01 1:2:60', '2001-01-01 1:2', '2001-01-01 1:2:3.', '2001-01-01 1:2:3Z'],
  ...['2001-01-01T1:2:3', '2001-01-01T1:2:3z', '2001-01-01T1:2:3+01', '2001-01-01T1:2:3+25:00', '2001-01-01T1:2:3+00:61'],
]
for (const text of texts) test(`${JSON.stringify(text)} is no time`, () => assert.equal(readTime(text), undefined))

test('what JS writes of a time is that time', () => {
  const dates = fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  fc.assert(fc.property(dates, (date) => new Date(readTime(date.toISOString())!).getTime() === date.getTime()))
})
