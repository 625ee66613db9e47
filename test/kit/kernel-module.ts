// Kernel modules with signatures behind them, as scripts/sign-file puts them there.
const MARKER = '~Module signature appended~\n'

/** @param info what struct module_signature says, where it is to lie */
export function appended(
  content: Buffer,
  signature: Buffer,
  info: { readonly type?: number; readonly size?: number; readonly first?: number } = {},
): Buffer {
  const tail = Buffer.alloc(12)
  tail[0] = info.first ?? 0
  tail[2] = info.type ?? 2
  tail.writeUInt32BE(info.size ?? signature.length, 8)
  return Buffer.concat([content, signature, tail, Buffer.from(MARKER)])
}
