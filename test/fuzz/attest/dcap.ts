// Quotes of SGX and TDX, what they carry, and what is published of their platforms.
import { readCertificate } from '../../../src/formats/x509/certificate.ts'
import { readChainFile, readPemChain } from '../../../src/layers/hardware/dcap/chain.ts'
import { openCollateral, readCollateral } from '../../../src/layers/hardware/dcap/collateral.ts'
import { readGoTdxQuote } from '../../../src/layers/hardware/dcap/go-tdx-guest.ts'
import { readPckExtension } from '../../../src/layers/hardware/dcap/pck.ts'
import { readSigned } from '../../../src/layers/hardware/dcap/published.ts'
import { readQuote } from '../../../src/layers/hardware/dcap/quote.ts'
import { readTcbInfo } from '../../../src/layers/hardware/dcap/tcb-info.ts'
import { validateQuote } from '../../../src/layers/hardware/dcap/validate.ts'
import { QuoteVerifier } from '../../../src/layers/hardware/dcap/verify.ts'
import { NOW, QuoteAuthority } from '../../kit/dcap.ts'
import { goTdxQuote } from '../../kit/go-tee.ts'
import { type ByteTarget, notPassing } from '../bytes.ts'

const authority = new QuoteAuthority()
const verifier = new QuoteVerifier(authority.anchors)
const collateral = { SGX: authority.collateral('SGX'), TDX: authority.collateral('TDX') }
const opened = openCollateral(readCollateral(collateral.TDX), authority.anchors)
const forms = [{ version: 3 }, { version: 4 }, { version: 4, tee: 'SGX' }, { version: 5 }, { version: 5, bodyType: 2 }] as const

export const dcap: Readonly<Record<string, ByteTarget>> = {
  quote: {
    seeds: () => [...forms.map((form) => authority.quote(form)), authority.quote({ certification: { type: 1, data: Buffer.alloc(36) } })],
    read(bytes) {
      const verified = verifier.verify(readQuote(bytes), { now: NOW, collateral: opened })
      return notPassing([...verified.checks, ...validateQuote(verified, {}, NOW)])
    },
  },
  'go-tdx-guest': {
    seeds: () => [{}, { authData: Buffer.alloc(0) }].map((form) => goTdxQuote(authority.quote({ version: 4, ...form }))),
    read: (bytes) => notPassing(verifier.verify(readQuote(readGoTdxQuote(bytes)), { now: NOW, collateral: opened }).checks),
  },
  certificates: {
    seeds: () => [authority.pckChain(), authority.certificates.pck],
    read(bytes) {
      readChainFile(bytes)
      readPemChain(bytes)
    },
  },
  platform: { seeds: () => [authority.certificates.pck], read: (bytes) => void readPckExtension(readCertificate(bytes)) },
  collateral: {
    seeds: () => Object.values(collateral).map((text) => Buffer.from(text)),
    read: (bytes) => void openCollateral(readCollateral(bytes.toString()), authority.anchors),
  },
  published: {
    seeds: () => {
      const file = JSON.parse(collateral.TDX) as Record<string, string>
      return [Buffer.from(`{"tcbInfo":${file.tcb_info},"signature":"${file.tcb_info_signature}"}`)]
    },
    read: (bytes) => void readTcbInfo(readSigned('tcbInfo', bytes.toString()).text),
  },
}
