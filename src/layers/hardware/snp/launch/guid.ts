// GUIDs as UEFI writes them: the first three groups little-endian (UEFI 2.10, appendix A).

/** The 16 bytes of a GUID in its usual form. */
export function guidBytes(guid: string): Buffer {
  const [first, second, third, ...rest] = guid.split('-').map((group) => Buffer.from(group, 'hex')) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  return Buffer.concat([first.reverse(), second.reverse(), third.reverse(), ...rest])
}
