/** Universal tags (X.680 §8.4), with the bit for "constructed" where DER always sets it. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]`, IMPLICIT, of a primitive type. */
export const context = (number: number) => 0x80 | number
/** `[n]` around other elements. */
export const contextConstructed = (number: number) => 0xa0 | number
