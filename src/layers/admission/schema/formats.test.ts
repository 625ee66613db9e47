import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORMATS } from './formats.ts'

/** What each format takes, and what it does not. */
const CASES: Readonly<Record<string, readonly [good: readonly string[], bad: readonly string[]]>> = {
  bsonobjectid: [['507f1f77bcf86cd799439011'], ['507f1f77bcf86cd79943901', '507f1f77bcf86cd79943901g']],
  byte: [['YQ==', 'YWI=', 'YWJj'], ['', 'YQ=', 'YQ', 'Y Q=', '===='] ],
  cidr: [['10.0.0.0/8', '010.0.0.0/8', 'fe80::/128'], ['10.0.0.0', '10.0.0.0/33', 'fe80::/129', '10.0.0.0/']],
  creditcard: [['4111 1111 1111 1111', '378282246310005'], ['4111111111111112', '411111111111111', '']],
  date: [['2020-02-29', '0000-01-01'], ['2021-02-29', '1900-02-29', '2020-13-01', '2020-04-31', '2020-1-1', '2020-01-01T']],
  datetime: [['2020-01-01T10:00:00Z', '2020-01-01t10:00:00.5+01:00', '2020-01-01T10:00:00,5z'], ['2020-01-01 10:00:00Z', '2020-01-01T24:00:00Z', '2020-01-01T10:00:00', '2021-02-29T10:00:00Z']],
  duration: [['1h', '-1.5h', '+0', '1.h', '3 days', 'about 2 weeks', '1µs'], ['', '1', 'h', '.h', '3 years', '99999999999999999999h']],
  email: [['a@b', 'A B <a@b.c>', '"a b"@c', 'a@[127.0.0.1]', 'a@b (c (d))', 'x: a@b;'], ['a', 'a@', '@b', 'a@b c', 'a..b@c', '<a@b', 'a@b, c@d', 'a@b (c', 'a@[b]', 'x: ;', '=?x?q?a?= <a@b>']],
  hexcolor: [['#fff', 'FFFFFF'], ['#ffff', '##fff', 'ggg']],
  hostname: [['example.com', 'a', 'é.example', 'xn--a.example'], ['', '-a', 'a.b-', 'a_b.example', `${'a'.repeat(64)}.example`]],
  ipv4: [['10.0.0.1', '010.0.0.1', '::ffff:1.2.3.4'], ['10.0.0', '10.0.0.256', '::1', '10.0.0.1/8']],
  ipv6: [['::1', 'fe80::1', '::ffff:1.2.3.4'], ['10.0.0.1', 'fe80::1%eth0', '1::2::3', '00001::']],
  isbn: [['0321751043', '978-0321751041'], ['0321751044', '978-0321751042', '']],
  isbn10: [['0321751043', '0-8044-2957-X'], ['978-0321751041', 'X321751043']],
  isbn13: [['978-0321751041'], ['0321751043', '978-0321751040']],
  k8slongname: [['a.b-c', 'a'.repeat(253)], ['a..b', 'A', '-a', 'a'.repeat(254)]],
  k8sshortname: [['a-b', 'a'.repeat(63)], ['a.b', 'A', 'a-', '', 'a'.repeat(64)]],
  mac: [['00:11:22:33:44:55', '00-11-22-33-44-55', '0011.2233.4455', '001122334455'], ['00:11:22:33:44', '00:11-22:33:44:55', '00:11:22:33:44:5g', '0011.22334455']],
  password: [['', 'anything'], []],
  rgbcolor: [['rgb(1,2,3)', 'rgb( 255 , 0,0)'], ['rgb(256,0,0)', 'rgb(1,2)', 'rgb(01,2,3)']],
  ssn: [['111-11-1111', '111 11 1111'], ['111111111', '111-11-111']],
  uri: [['/a', 'http://a/b?c#d', 'mailto:a', '*', '//a', 'a://b:1/'], ['', 'a/b', 'http://a b', 'http://a:b/', '/%zz', ':a', 'a\n']],
  uuid: [['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6BA7B8109DAD11D180B400C04FD430C8'], ['6ba7b810-9dad-11d1-80b4-00c04fd430c', '']],
  uuid3: [['6ba7b810-9dad-31d1-80b4-00c04fd430c8'], ['6ba7b810-9dad-11d1-80b4-00c04fd430c8']],
  uuid4: [['6ba7b810-9dad-41d1-80b4-00c04fd430c8'], ['6ba7b810-9dad-41d1-c0b4-00c04fd430c8', '6ba7b810-9dad-11d1-80b4-00c04fd430c8']],
  uuid5: [['6ba7b810-9dad-51d1-80b4-00c04fd430c8'], ['6ba7b810-9dad-51d1-c0b4-00c04fd430c8']],
} // biome-ignore format: a table

test('every format has its cases', () => assert.deepEqual(Object.keys(CASES).sort(), [...FORMATS.keys()].sort()))

for (const [name, [good, bad]] of Object.entries(CASES))
  test(name, () => {
    for (const text of good) assert.ok(FORMATS.get(name)!(text), `takes ${JSON.stringify(text)}`)
    for (const text of bad) assert.ok(!FORMATS.get(name)!(text), `does not take ${JSON.stringify(text)}`)
  })
