import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedNet } from './allowed-net.ts'
import { netOf } from './net.ts'

const request = (url: string) => ({ method: 'GET', url, headers: [], body: Buffer.alloc(0), milliseconds: 200, tls: {} })

test('a list of hosts, each with its port or without', () => {
  assert.deepEqual(allowedNet('a.example,B:8443,[::1]:80'), [
    { host: 'a.example', port: undefined },
    { host: 'b', port: 8443 },
    { host: '[::1]', port: 80 },
  ])
  for (const bad of ['', ',', 'a:', 'a:99999', 'http://a', 'a/b', '*', 'a b', '::1']) assert.throws(() => allowedNet(bad), SyntaxError, bad)
})

test('nobody may be asked unless it is said, and at no other port', () => {
  assert.equal(netOf(undefined), undefined)
  const http = netOf([allowedNet('127.0.0.1:1')])!
  assert.deepEqual(http.hosts, ['127.0.0.1'])
  assert.throws(() => http.send(request('http://127.0.0.1:2/')), /disallowed port: 2/)
  assert.throws(() => http.send(request('http://127.0.0.1/')), /disallowed port: 80/)
  assert.throws(() => http.send(request('https://127.0.0.1/')), /disallowed port: 443/)
  assert.throws(() => http.send(request('http://127.0.0.1:1/')), /^(?!.*disallowed)/)
})
