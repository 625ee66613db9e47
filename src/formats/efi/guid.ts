// EFI_GUID: 16 bytes, of which the first three fields are little-endian (UEFI 2.10, appendix A).

/** As people write it: 8be4df61-93ca-11d2-aa0d-00e098032b8c. */
export function showGuid(bytes: Buffer): string {
  const first = bytes.readUInt32LE(0).toString(16).padStart(8, '0')
  const [second, third] = [4, 6].map((at) => bytes.readUInt16LE(at).toString(16).padStart(4, '0'))
  return `${first}-${second}-${third}-${bytes.toString('hex', 8, 10)}-${bytes.toString('hex', 10, 16)}`
}

/** The bytes of one that is written so. */
export function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  bytes.subarray(0, 4).reverse()
  bytes.subarray(4, 6).reverse()
  bytes.subarray(6, 8).reverse()
  return bytes
}

export const GUID = {
  globalVariable: '8be4df61-93ca-11d2-aa0d-00e098032b8c',
  imageSecurityDatabase: 'd719b2cb-3d3a-4596-a3bc-dad00e67656f',
  shimLock: '605dab50-e046-4300-abb6-3dd810dd8b23',
  certX509: 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072',
  certSha256: 'c1c41626-504c-4092-aca9-41f936934328',
  certSha384: 'ff3e5307-9fd0-48c9-85f1-8ad56c701e01',
  certSha512: '093e0fae-a6c4-4f50-9f1b-d41e2b89c19a',
  certX509Sha256: '3bd2a492-96c0-4079-b420-fcf98ef103ed',
  certX509Sha384: '7076876e-80c2-4ee6-aad2-28b349a6865b',
  certX509Sha512: '446dbf63-2502-4cda-bcfa-2465d2b0fe9d',
} as const
