import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { type Confinement, parseConfinement, UNCONFINED } from './confinement.ts'

const whole: Confinement = {
  readable: ['/usr/', '/'],
  writable: ['/dev/null'],
  executable: ['/usr/bin/sh'],
  notExecutable: [],
  tcpConnect: [[0, 65_535]],
  tcpBind: [],
  scope: ['signals'],
  systemCalls: ['fileless', 'network', 'kernel'],
  descriptors: [3],
  accepts: ['LANDLOCK_TCP'],
}

describe('the description of a confinement', () => {
  test('is taken as it was written', () => {
    assert.deepEqual(parseConfinement(JSON.stringify(whole)), whole)
    assert.deepEqual(parseConfinement('{}'), UNCONFINED)
  })

  const refused: readonly (readonly [text: string, complaint: RegExp])[] = [
    ['', /not JSON/],
    ['[]', /not an object/],
    ['null', /not an object/],
    ['{"readble":[]}', /"readble" is no field/],
    ['{"__proto__":[]}', /"__proto__" is no field/],
    ['{"constructor":[]}', /"constructor" is no field/],
    ['{"readable":"/"}', /"readable" is no list/],
    ['{"readable":["usr"]}', /"readable\[0\]" is not an absolute path/],
    ['{"readable":["/a","/a/../b"]}', /"readable\[1\]" is not an absolute path/],
    ['{"readable":["/a//b"]}', /absolute path/],
    ['{"readable":["/a\\u0000"]}', /absolute path/],
    [`{"readable":["/${'a'.repeat(4095)}"]}`, /absolute path/],
    ['{"tcpBind":[[2,1]]}', /"tcpBind\[0\]" is not a range/],
    ['{"tcpBind":[[1,65536]]}', /is not a range/],
    ['{"tcpBind":[80]}', /is not a range/],
    ['{"tcpBind":[[80.5,81]]}', /is not a range/],
    ['{"scope":["everything"]}', /"scope\[0\]" is not one of abstract-sockets, signals/],
    ['{"systemCalls":["toString"]}', /is not one of fileless, network, kernel/],
    ['{"descriptors":[0]}', /above 2/],
    ['{"accepts":["all of it"]}', /is not a code/],
    ['{"notExecutable":["/bin/"]}', /needs executable/],
    [`{"readable":[${'"/",'.repeat(65_536)}"/"]}`, /at most 65536 items/],
  ]
  for (const [text, complaint] of refused) {
    test(`is refused, not guessed at: ${text.slice(0, 40)}`, () => {
      assert.throws(() => parseConfinement(text), { code: 'USAGE', message: complaint })
    })
  }

  test('whatever it holds, it is taken or refused with a code', () => {
    const field = fc.constantFrom(...Object.keys(whole), 'other')
    fc.assert(
      fc.property(fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue()))), (value) => {
        try {
          parseConfinement(JSON.stringify(value))
        } catch (error) {
          assert.ok(error instanceof ThymusError && error.code === 'USAGE', String(error))
        }
      }),
    )
  })
})
