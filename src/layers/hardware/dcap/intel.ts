// What is Intel's, and does not change.

/** Public key of "Intel SGX Root CA", valid to the end of 2049: the one anchor of SGX and TDX. Published with Intel's certificate service. */
export const INTEL_SGX_ROOT_KEY = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004' +
    '0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5' +
    '67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394',
  'hex',
)

/** Vendor of the quoting enclaves that Intel signs. */
export const INTEL_QE_VENDOR = Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex')
