import { readFileSync } from 'node:fs'
import { EXIT, ThymusError } from '../../core/errors.ts'
import { readSigstruct } from '../../layers/hardware/sgx/sigstruct.ts'

/** Lines of a name and a value, as a policy wants them. */
export async function measure(_: object, path: string): Promise<number> {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new ThymusError('USAGE', `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, { at: path, cause })
  }
  const { mrEnclave, mrSigner, isvProdId, isvSvn, isSigned } = readSigstruct(bytes)
  const lines = { MRENCLAVE: mrEnclave.toString('hex'), MRSIGNER: mrSigner.toString('hex'), ISVPRODID: isvProdId, ISVSVN: isvSvn }
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name.padEnd(10)}${value}\n`)
  if (!isSigned) process.stderr.write('The signature is not that of the key in it.\n')
  return isSigned ? EXIT.ok : EXIT.findings
}
