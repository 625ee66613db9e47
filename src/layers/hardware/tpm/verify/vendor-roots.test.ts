import assert from 'node:assert/strict'
import test from 'node:test'
import { newAuthority } from '../../../../../test/kit/tpm-certificates.ts'
import { readVendorCertificate } from '../abi/vendor-certificate.ts'
import { VENDOR_ROOTS } from './vendor-roots.table.ts'
import { rootCheck, vendorRootOf } from './vendor-roots.ts'

test('each root is named once, by a whole digest', () => {
  for (const { maker, name, sha256, seen } of VENDOR_ROOTS) {
    assert.match(sha256, /^[\da-f]{64}$/, name)
    assert.ok(maker.length > 0 && seen.length > 0)
  }
  assert.equal(new Set(VENDOR_ROOTS.map(({ sha256 }) => sha256)).size, VENDOR_ROOTS.length)
})

test('a root that was only given is taken in a lab alone', () => {
  const root = readVendorCertificate(newAuthority('swtpm-localca-rootca').der)
  assert.equal(vendorRootOf(root), undefined)
  assert.equal(rootCheck(root).verdict.is, 'fail')
  assert.equal(rootCheck(root, { lab: true }).verdict.is, 'pass')
})

test("a maker's own root is taken", () => {
  const root = readVendorCertificate(Buffer.from(NATIONZ, 'base64'))
  assert.deepEqual(vendorRootOf(root)?.maker, 'Nationz')
  assert.equal(rootCheck(root).verdict.is, 'pass')
})

/** Nationz TPM Root CA, the smallest of the roots in TrustedTpm.cab. */
const NATIONZ =
  'MIICRDCCAcqgAwIBAgIBATAKBggqhkjOPQQDAzBrMQswCQYDVQQGEwJDTjEhMB8GA1UECgwYTmF0aW9ueiBUZWNobm9sb2dpZXMgSW5jMRswGQ' +
  'YDVQQLDBJOYXRpb256IFRQTSBEZXZpY2UxHDAaBgNVBAMME05hdGlvbnogVFBNIFJvb3QgQ0EwHhcNMTcwNTEyMDAwMDAwWhcNNDcwNTEzMDAw' +
  'MDAwWjBrMQswCQYDVQQGEwJDTjEhMB8GA1UECgwYTmF0aW9ueiBUZWNobm9sb2dpZXMgSW5jMRswGQYDVQQLDBJOYXRpb256IFRQTSBEZXZpY2' +
  'UxHDAaBgNVBAMME05hdGlvbnogVFBNIFJvb3QgQ0EwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAATvuDTN8TNvp3A9fSjWpDARLmvz7ItQrDq/mmuz' +
  'vzInwQfsYKUUJza4MXB3yS0PH1jjv1YMvaIBIalAgc+kahScQUy6W2fy6hd36pazmc/vQfG3Gdhw56gGwRHx4rn4TuqjQjBAMB0GA1UdDgQWBB' +
  'Q6vP8I314BDCtkB4vHzpUG9Aj95DAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAwNoADBlAjApzqSmd4cCMKC7' +
  'slJ4NE/7zweXZx89JzSEnEWGcq78jbbXCw6yM+R4nCNXphflI9QCMQCeFOAvyR+DQvThfGFINABej+1zeDVIjuZHat3FHVyV0UQVClPgMlZuTn' +
  'tipXwGOVY='
