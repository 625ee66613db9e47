import assert from 'node:assert/strict'
import test from 'node:test'
import { placeText, readPlace } from './place.ts'

test('a place is a device or the socket of an emulator, and is written as it is read', () => {
  for (const [text, place] of [
    ['/dev/tpmrm0', { kind: 'device', path: '/dev/tpmrm0' }],
    ['unix:/run/tpm.sock', { kind: 'unix', path: '/run/tpm.sock' }],
    ['swtpm:localhost:2321', { kind: 'tcp', host: 'localhost', port: 2321 }],
    ['swtpm:127.0.0.1:65535', { kind: 'tcp', host: '127.0.0.1', port: 65_535 }],
    ['swtpm:[::1]:2321', { kind: 'tcp', host: '::1', port: 2321 }],
  ] as const) {
    assert.deepEqual(readPlace(text), place)
    assert.deepEqual(readPlace(placeText(readPlace(text))), place)
  }
  for (const text of [
    '',
    'tpm0',
    'unix:',
    'unix:relative',
    'swtpm:',
    'swtpm:host',
    'swtpm:host:0',
    'swtpm:host:65536',
    'swtpm::1',
    'tcp:host:1',
  ]) {
    assert.throws(() => readPlace(text), SyntaxError, text)
  }
})
