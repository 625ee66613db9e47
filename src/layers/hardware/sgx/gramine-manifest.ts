// Manifests of Gramine, which runs an ordinary program in an enclave: what it may read is named with its digest, and what is not named is not there.
// Syntax: Gramine 1.9, "Manifest syntax". The text is a template for `gramine-manifest`, which knows where its own libraries are.
import { ThymusError } from '../../../core/errors.ts'
import { quote } from '../../../core/quote.ts'

export interface TrustedFile {
  /** Absolute. */
  readonly path: string
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/** A program that is to run in an enclave. Sizes are powers of two, as the processor wants them. */
export interface GramineWorkload {
  /** Absolute path of the program, which is one of the files. */
  readonly entrypoint: string
  /** Without the name of the program. */
  readonly args: readonly string[]
  readonly env: readonly (readonly [name: string, value: string])[]
  /** Files and folders that it sees, at the same place as on the host. */
  readonly mounts: readonly string[]
  /** All that may be read below the mounts. */
  readonly files: readonly TrustedFile[]
  /** Of the enclave, in MiB. */
  readonly enclaveMib: number
  readonly maxThreads: number
  readonly isvProdId: number
  /** Raised with each version that mends a hole: verifiers ask for a least one. */
  readonly isvSvn: number
}

const LIBRARIES = '/lib:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu'

/** The text of NAME.manifest.template. @throws ThymusError USAGE for a workload that cannot be put into a manifest */
export function gramineManifest(workload: GramineWorkload): string {
  const { entrypoint, args, env, mounts, files, enclaveMib, maxThreads, isvProdId, isvSvn } = workload
  for (const path of [entrypoint, ...mounts, ...files.map((file) => file.path)]) mustBePath(path)
  if (!files.some(({ path }) => path === entrypoint)) wrong(`${quote(entrypoint)} is not among the files that are trusted`)
  if ((enclaveMib & (enclaveMib - 1)) !== 0 || enclaveMib < 1) wrong(`${enclaveMib} MiB is no power of two`)
  for (const { sha256 } of files) if (!/^[\da-f]{64}$/.test(sha256)) wrong(`${quote(sha256)} is no SHA-256`)
  const libraries = env.some(([name]) => name === 'LD_LIBRARY_PATH') ? [] : [['LD_LIBRARY_PATH', LIBRARIES] as const]
  return [
    '# Made by Thymus. To render and to sign it:',
    '#   gramine-manifest NAME.manifest.template NAME.manifest',
    '#   gramine-sgx-sign --manifest NAME.manifest --output NAME.manifest.sgx',
    'loader.entrypoint.uri = "file:{{ gramine.libos }}"',
    `libos.entrypoint = ${string(entrypoint)}`,
    'loader.log_level = "error"',
    `loader.argv = [${[entrypoint, ...args].map(string).join(', ')}]`,
    ...[...libraries, ...env].map(([name, value]) => `loader.env.${variable(name)} = ${string(value)}`),
    '',
    'fs.mounts = [',
    '  { path = "/lib", uri = "file:{{ gramine.runtimedir() }}" },',
    '  { type = "tmpfs", path = "/tmp" },',
    ...mounts.map((path) => `  { path = ${string(path)}, uri = ${string(`file:${path}`)} },`),
    ']',
    '',
    'sgx.debug = false',
    'sgx.remote_attestation = "dcap"',
    'sgx.file_check_policy = "strict"',
    `sgx.enclave_size = "${enclaveMib}M"`,
    `sgx.max_threads = ${maxThreads}`,
    `sgx.isvprodid = ${isvProdId}`,
    `sgx.isvsvn = ${isvSvn}`,
    'sgx.trusted_files = [',
    '  "file:{{ gramine.libos }}",',
    '  "file:{{ gramine.runtimedir() }}/",',
    ...files.map(({ path, sha256 }) => `  { uri = ${string(`file:${path}`)}, sha256 = "${sha256}" },`),
    ']',
    '',
  ].join('\n')
}

/** A basic string of TOML. Braces are written as escapes, so that none of it is taken for a template's own. */
function string(text: string): string {
  const escaped = text.replace(/["\\{}\u0000-\u001f\u007f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `"${escaped}"`
}

function variable(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : wrong(`${quote(name)} is no name of a variable`)
}

function mustBePath(path: string): void {
  if (!/^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/.test(path)) wrong(`${quote(path)} is no absolute path without . and ..`)
}

function wrong(message: string): never {
  throw new ThymusError('USAGE', message)
}
