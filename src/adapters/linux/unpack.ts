// What packages and kernel modules are packed with.
import { spawnSync } from 'node:child_process'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'

/**
 * The bytes in a gzip, zstd or xz file; as they are, where it is none of these.
 * @param limit the most that may come out
 * @throws Error where it is damaged, or larger, or xz is needed and missing
 */
export function unpacked(bytes: Buffer, limit: number): Buffer {
  const begins = (magic: string) => bytes.toString('latin1', 0, magic.length) === magic
  if (begins('\x1f\x8b')) return gunzipSync(bytes, { maxOutputLength: limit })
  if (begins('\x28\xb5\x2f\xfd')) return zstdDecompressSync(bytes, { maxOutputLength: limit })
  return begins('\xfd7zXZ\0') ? unxz(bytes, limit) : bytes
}

/** Node has no xz; most machines that pack with it do. */
function unxz(bytes: Buffer, limit: number): Buffer {
  const { stdout, status, error } = spawnSync('xz', ['-dc'], { input: bytes, maxBuffer: limit })
  if (error !== undefined)
    throw new Error((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is packed with xz, and there is no xz here' : error.message)
  if (status !== 0) throw new Error('xz says that it is damaged')
  return stdout
}
