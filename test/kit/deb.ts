// Packages of Debian for tests: deb(5).

/** An archive of ar. */
export function ar(members: readonly (readonly [name: string, content: string | Buffer])[]): Buffer {
  const parts = members.flatMap(([name, content]) => {
    const bytes = Buffer.from(content)
    const head = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`
    return [Buffer.from(head), bytes, Buffer.alloc(bytes.length % 2, '\n')]
  })
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}

/** A package with these files, in an archive of tar that may be packed. */
export const deb = (data: Buffer, name = 'data.tar'): Buffer =>
  ar([
    ['debian-binary', '2.0\n'],
    ['control.tar', ''],
    [name, data],
  ])
