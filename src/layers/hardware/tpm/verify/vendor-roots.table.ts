// Roots of those who make TPMs, by the SHA-256 of the certificate. The certificates themselves come from whoever verifies: a file, a package.
// `CAB`: Microsoft's TrustedTpm.cab, as tpm-key_attestation 0.11.0 and the Debian package ruby-tpm-key-attestation carry it; the signature of
// each that signs itself was verified. `LIST`: the fingerprint that github.com/loicsikidi/tpm-ca-certificates has for the maker's own URL.
// `BOTH`: the two agree. Not here: makers of virtual TPMs (Google, Microsoft Azure, Amazon), whose roots are given by file.

export interface VendorRoot {
  readonly maker: string
  /** The common name of its subject. */
  readonly name: string
  /** Hex, of the whole certificate. */
  readonly sha256: string
  readonly seen: readonly string[]
}

const CAB = ['TrustedTpm.cab']
const LIST = ['tpm-ca-certificates']
const BOTH = [...CAB, ...LIST]

export const VENDOR_ROOTS: readonly VendorRoot[] = [
  { maker: 'AMD', name: 'AMDTPM (ECC)', sha256: 'c2cb57bf723c174f166c5aa1dc64160981054bee18c70eb1debfc1518afa92d2', seen: CAB },
  { maker: 'AMD', name: 'AMDTPM (RSA)', sha256: 'b73f14dea3bdaa0be87440de3fc718c771f2cbf8b7b2231c6ea228d3b20860ef', seen: CAB },
  {
    maker: 'Atmel',
    name: 'Atmel TPM Root Signing Module',
    sha256: '3784884ec83a8d7edbfb928ac878dc75c11451381c6a0cb27aaffb3171e0d33f',
    seen: CAB,
  },
  { maker: 'Infineon', name: 'IFX TPM EK Root CA', sha256: '7df2c3751c03ce003e99174d9cb2559f57a1b05b1920dd30bb6f8dfcf17f5e62', seen: CAB },
  {
    maker: 'Infineon',
    name: 'Infineon OPTIGA(TM) ECC Root CA',
    sha256: 'cfeb02fecd55ad7a73c6e1d11985d4c47dee248ab63dcb66091a2489660443c3',
    seen: BOTH,
  },
  {
    maker: 'Infineon',
    name: 'Infineon OPTIGA(TM) RSA Root CA',
    sha256: '899e35474c9807eb4c7f2f7a12da0028fb250cd02154d0009fca7d9c66574f3b',
    seen: CAB,
  },
  {
    maker: 'Infineon',
    name: 'VeriSign Trusted Platform Module Root CA',
    sha256: '967bb3d4544ea2740fce338077e1f5a9ea3085667246e6b968294aa045a57549',
    seen: CAB,
  },
  { maker: 'Intel', name: 'OnDie CA RootCA', sha256: 'beb40bb7507b33967226aa80e084749fbb6593893c642e818d682e9a8d07fc24', seen: LIST },
  {
    maker: 'Intel',
    name: 'www.intel.com (TPM EK root cert signing)',
    sha256: '2e1b3ba79af56d758be51697621bc4b9e8cee0983db3e749c55eb9b37c6d2ae0',
    seen: CAB,
  },
  {
    maker: 'Microsoft',
    name: 'Microsoft TPM Root Certificate Authority 2014',
    sha256: '870c7a35ceab3d59979f2c6a524042d404cb71518004350925fb2ced79a999da',
    seen: CAB,
  },
  { maker: 'Nationz', name: 'Nationz TPM Root CA', sha256: '1293d71d6f61c86b98102fd3d4085ff12538f108e925489c0d545059e5f89c36', seen: CAB },
  {
    maker: 'Nuvoton',
    name: 'NTC TPM EK Root CA 01',
    sha256: '56b67007f448bd5c5746299fcdea9323971bbdaaefd8e3b9b84773abc888c90e',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'NTC TPM EK Root CA 02',
    sha256: '8fac94b462b37acb84431bdc71395585caf518c17f656051ff9c4347a4726ed9',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'NTC TPM EK Root CA ARSUF 01',
    sha256: '9e0434093fd0d4f8b927af1f4f6cffbd75f0584af4ade939bbd6851227fa4263',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 1013',
    sha256: '38f8c5012d1b1321e833376611612b5b1cde466574cabc67fd2262e3b8da2f6d',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 1014',
    sha256: 'ad392726a92f62e5b7b112460c4e89f9fcbd523d08f39dcb928210ce8d4f676f',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 1110',
    sha256: '2782e51a95e86d9557fe4204316cf805bd6f5898f81f9732e944d742bcdc5f54',
    seen: BOTH,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 1111',
    sha256: 'e38c280f7c0e0b49f31efc7531032bb6a86c3fba4eb89beb1d510eaa4510ae4a',
    seen: BOTH,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 2010',
    sha256: '970b1cb098896f0d31be45dd299ed31f1640689f7c1618d7370cd71b6eb97560',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 2011',
    sha256: 'ab6005053c48534c46f54d2afbbd300a99f7b0e3ab1786034cb0785ca081a7ba',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 2110',
    sha256: '4aebe77a51ed29959a7f9f5e07a24a558dee8167f3985d724995a541c258dfda',
    seen: CAB,
  },
  {
    maker: 'Nuvoton',
    name: 'Nuvoton TPM Root CA 2111',
    sha256: 'cd8185ff8995ed09811970090a8c36fafab34ef87f47fa51fdb9ecf95c9c2e04',
    seen: BOTH,
  },
  {
    maker: 'STMicroelectronics',
    name: 'GlobalSign Trusted Platform Module ECC Root CA',
    sha256: '5a8c7b5eb888cfce9322068e80e82b28b554ffeb7fdc9638dcb3763077401d26',
    seen: BOTH,
  },
  {
    maker: 'STMicroelectronics',
    name: 'GlobalSign Trusted Platform Module Root CA',
    sha256: 'f27bf02c6e00c73d915eeb6a6a2f5fbf0c31ae0393149e6b5c31e41b113841c3',
    seen: BOTH,
  },
  {
    maker: 'STMicroelectronics',
    name: 'STM TPM ECC Root CA 01',
    sha256: 'c541d7e5b9e3f935621acbd403896225ec641036c9ae3b5f7ac793a606ff9b79',
    seen: BOTH,
  },
  {
    maker: 'STMicroelectronics',
    name: 'STM TPM EK Root CA',
    sha256: 'f8e37a86b689a20a6cc0c40cc3f81fb130fa9f44ce7ffa60d62590aaf87273a9',
    seen: BOTH,
  },
  {
    maker: 'STMicroelectronics',
    name: 'STSAFE ECC Root CA 02',
    sha256: 'fd1e7b68accd825636b27b3177c67402d463a7f04c97b6c47ab705fcdc1a04f6',
    seen: LIST,
  },
]
