import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULTS, parseConfig } from './config.ts'

test('what is left out is the default', () => {
  assert.deepEqual(parseConfig('{}', 'c.json'), DEFAULTS)
  assert.deepEqual(parseConfig('{"enforceRoot": "host"}', 'c.json'), { ...DEFAULTS, enforceRoot: 'host' })
})

test('ports that are never cut are those of the file, and no others', () => {
  const text = '{"failsafe": [{"port": 2222, "protocol": "TCP", "direction": "in"}, {"port": 53, "protocol": "UDP", "direction": "out"}]}'
  assert.deepEqual(parseConfig(text, 'c.json').failsafe, [
    { port: 2222, protocol: 6, inbound: true },
    { port: 53, protocol: 17, inbound: false },
  ])
})

test('whatever is wrong is one error that names the file and the field', () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /no JSON/],
    ['[]', /no object/],
    ['{"failsave": []}', /failsave/],
    ['{"enforceRoot": "all"}', /enforceRoot/],
    ['{"failsafe": {}}', /failsafe/],
    [`{"failsafe": ${JSON.stringify(Array.from({ length: 17 }, () => ({ port: 1, protocol: 'TCP', direction: 'in' })))}}`, /at most 16/],
    ['{"failsafe": [7]}', /failsafe\[0\]/],
    ['{"failsafe": [{"port": 0, "protocol": "TCP", "direction": "in"}]}', /port/],
    ['{"failsafe": [{"port": 1, "protocol": "toString", "direction": "in"}]}', /protocol/],
    ['{"failsafe": [{"port": 1, "protocol": "TCP", "direction": "both"}]}', /direction/],
    ['{"failsafe": [{"port": 1, "protocol": "TCP", "direction": "in", "more": 1}]}', /more/],
  ]
  for (const [text, message] of bad) assert.throws(() => parseConfig(text, 'c.json'), { code: 'CONFIG', at: 'c.json', message })
})
