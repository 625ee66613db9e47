import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callBuiltin } from '../../../../test/kit/rego-builtin.ts'
import { readTerm } from '../values/text.ts'
import { RegoObject } from '../values/value.ts'

const sign = (request: object, config: object, time: number) => callBuiltin('providers.aws.sign_req', [request, config, time])

/** "get-vanilla-query" of AWS's test suite for Signature Version 4. */
test('a request is signed as AWS has it', () => {
  const config = {
    aws_service: 'service',
    aws_region: 'us-east-1',
    aws_access_key: 'AKIDEXAMPLE',
    aws_secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  }
  const time = Date.UTC(2015, 7, 30, 12, 36) * 1e6
  const request = { method: 'GET', url: 'https://example.amazonaws.com/' }
  const signed = sign(request, config, time) as { headers: Record<string, string> }
  assert.deepEqual(signed, {
    ...request,
    headers: {
      Authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,SignedHeaders=host;x-amz-date,Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
    },
  })
  const more = sign(
    { ...request, headers: { 'User-Agent': 'x', A: 'b' }, body: {} },
    { ...config, aws_service: 's3', aws_session_token: 't' },
    -1,
  )
  const { headers } = more as { headers: Record<string, string> }
  assert.deepEqual(Object.keys(headers).sort(), [
    'A',
    'Authorization',
    'User-Agent',
    'host',
    'x-amz-content-sha256',
    'x-amz-date',
    'x-amz-security-token',
  ])
  assert.equal(headers['x-amz-date'], '19691231T235959Z')
  assert.match(headers.Authorization!, /SignedHeaders=a;host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/)
  const unsigned = sign(request, { ...config, aws_service: 's3', disable_payload_signing: true }, 0) as { headers: Record<string, string> }
  assert.equal(unsigned.headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD')
  for (const bad of [{}, { ...config, aws_region: 1 }, { ...config, disable_payload_signing: 'x' }])
    assert.equal(sign(request, bad, 0), undefined)
  for (const bad of [{ method: 'GET' }, { ...request, x: 1 }, { ...request, url: ':' }, { ...request, headers: [] }])
    assert.equal(sign(bad, config, 0), undefined)
  assert.equal(sign(request, config, 1e21), undefined)
  assert.throws(() => callBuiltin('providers.aws.sign_req', [request, config, 0.5], { strict: true }), { opaCode: 'eval_type_error' })
})

test('the host tells of itself, but no secret', () => {
  const runtime = readTerm(
    '{"version": "1", "config": {"services": {"a": {"url": "u", "credentials": {"token": "t"}}}, "keys": {"k": {"key": "s", "scope": "r"}}}}',
  )
  assert.ok(runtime instanceof RegoObject)
  assert.deepEqual(callBuiltin('opa.runtime', []), {})
  assert.deepEqual(callBuiltin('opa.runtime', [], { surroundings: { runtime } }), {
    version: '1',
    config: { services: { a: { url: 'u' } }, keys: { k: { scope: 'r' } } },
  })
  const odd = readTerm('{"config": {"services": "token"}}')
  assert.ok(odd instanceof RegoObject)
  assert.equal(callBuiltin('opa.runtime', [], { surroundings: { runtime: odd } }), undefined)
})
