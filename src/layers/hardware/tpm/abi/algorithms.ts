// Numbers of the TCG Algorithm Registry 1.34 and of TPM 2.0 Library, part 2, as far as TPMs name them in what they sign. Hashes: formats/hash.ts.

/** TPM_ALG_ID (TCG Algorithm Registry, table 3). */
export const ALG = {
  rsa: 0x0001,
  tdes: 0x0003,
  hmac: 0x0005,
  aes: 0x0006,
  mgf1: 0x0007,
  keyedHash: 0x0008,
  xor: 0x000a,
  null: 0x0010,
  sm4: 0x0013,
  rsassa: 0x0014,
  rsaes: 0x0015,
  rsapss: 0x0016,
  oaep: 0x0017,
  ecdsa: 0x0018,
  ecdh: 0x0019,
  ecdaa: 0x001a,
  sm2: 0x001b,
  ecSchnorr: 0x001c,
  ecMqv: 0x001d,
  kdf1Sp80056a: 0x0020,
  kdf2: 0x0021,
  kdf1Sp800108: 0x0022,
  ecc: 0x0023,
  symCipher: 0x0025,
  camellia: 0x0026,
  ctr: 0x0040,
  ofb: 0x0041,
  cbc: 0x0042,
  cfb: 0x0043,
  ecb: 0x0044,
} as const

/** TPM_ECC_CURVE (TCG Algorithm Registry, table 4); `bytes` is the size of a coordinate. */
export const ECC_CURVES = [
  { id: 0x0001, name: 'P-192', bytes: 24 },
  { id: 0x0002, name: 'P-224', bytes: 28 },
  { id: 0x0003, name: 'P-256', bytes: 32 },
  { id: 0x0004, name: 'P-384', bytes: 48 },
  { id: 0x0005, name: 'P-521', bytes: 66 },
  { id: 0x0010, name: 'BN-256', bytes: 32 },
  { id: 0x0011, name: 'BN-638', bytes: 80 },
  { id: 0x0020, name: 'SM2-P256', bytes: 32 },
] as const

/** TPMA_OBJECT (part 2, 8.3). */
export const OBJECT = {
  fixedTpm: 1 << 1,
  stClear: 1 << 2,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  adminWithPolicy: 1 << 7,
  noDa: 1 << 10,
  encryptedDuplication: 1 << 11,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
  x509Sign: 1 << 19,
} as const

/** TPM_GENERATED_VALUE (part 2, 6.2): a restricted key signs nothing from outside that begins with it. */
export const TPM_GENERATED = 0xff544347

/** The largest of each structure, in bytes (part 2, 10 and 11; the sizes are those of the largest algorithms that the registry has). */
export const LIMIT = {
  digest: 64,
  /** TPM_ALG_ID and a digest. */
  name: 66,
  data: 66,
  rsa: 1024,
  coordinate: 128,
  nvBuffer: 2048,
  publicArea: 4096,
  pcrSelections: 16,
  /** sizeofSelect of 4 is 32 PCRs; PC Client TPMs have 24. */
  pcrSelect: 4,
} as const
