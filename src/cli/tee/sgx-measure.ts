import { EXIT, within } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import { readSigstruct } from '../../layers/hardware/sgx/sigstruct.ts'
import { readWhole } from '../files.ts'

/** Lines of a name and a value, as a policy wants them. */
export async function measure(_: object, path: string): Promise<number> {
  const { mrEnclave, mrSigner, isvProdId, isvSvn, isSigned } = within(path, () => readSigstruct(readWhole(path, MIB)))
  const lines = { MRENCLAVE: mrEnclave.toString('hex'), MRSIGNER: mrSigner.toString('hex'), ISVPRODID: isvProdId, ISVSVN: isvSvn }
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name.padEnd(10)}${value}\n`)
  if (!isSigned) process.stderr.write('The signature is not that of the key in it.\n')
  return isSigned ? EXIT.ok : EXIT.findings
}
