// Root keys of AMD (ARK), one for each line of processors: SHA-256 of the SubjectPublicKeyInfo of the certificate that the Key Distribution
// Service publishes at https://kdsintf.amd.com/{vcek,vlek}/v1/{Milan,Genoa,Turin}/cert_chain. The same keys stand in google/go-sev-guest
// (verify/trust) and virtee/sev.
import type { ProductLine } from './product.ts'

/** SHA-256 in hexadecimal → line. */
export type AmdRoots = ReadonlyMap<string, ProductLine>

export const AMD_ROOTS: AmdRoots = new Map([
  ['9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9', 'Milan'],
  ['429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831', 'Genoa'],
  ['4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08', 'Turin'],
])
