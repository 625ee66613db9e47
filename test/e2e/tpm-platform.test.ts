// `thymus tpm platform` as a user meets it: with the certificate of an endorsement key in a file, and on an emulated TPM.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { writePem } from '../../src/formats/pem.ts'
import { readVendorCertificate } from '../../src/layers/hardware/tpm/abi/vendor-certificate.ts'
import { der, integer, oid, sequence } from '../kit/certificates.ts'
import { thymus } from '../kit/cli.ts'
import { type Swtpm, startSwtpm, whyNoSwtpm } from '../kit/swtpm.ts'
import {
  alternativeNames,
  attributeCertificate,
  ekCertificate,
  newAuthority,
  type PlatformRequest,
  platformAttribute,
  utf8,
} from '../kit/tpm-certificates.ts'
import { newEccKey } from '../kit/tpm-evidence.ts'

const [root, tpmRoot] = [newAuthority('maker of boards'), newAuthority('maker of TPMs')]
const issuer = newAuthority('line 7', root)
const name = (id: string, value: string) => der(0x31, sequence(oid(id), utf8(value)))
const names = alternativeNames(
  ...[name('2.23.133.5.1.1', 'Boards Inc.'), name('2.23.133.5.1.4', 'B-1'), name('2.23.133.5.1.6', 'sn\u001b[31m')],
)
const specification = platformAttribute(
  '2.23.133.2.17',
  sequence(sequence(integer(2), integer(0), integer(43)), der(0x04, Buffer.alloc(4))),
)
const disk = sequence(sequence(oid('2.23.133.18.3.1'), der(0x04, Buffer.of(0, 6, 0, 4))), utf8('Disks'), utf8('D-2'))
const parts = platformAttribute('2.23.133.5.1.7.2', sequence(der(0xa0, disk), der(0xa2, sequence(utf8('AMT'), utf8('off')))))
const board = (holder: PlatformRequest['holder'], more: Partial<PlatformRequest> = {}, by = issuer) =>
  attributeCertificate(
    { holder, attributes: [specification, parts, platformAttribute('1.2.3', utf8('?'))], extensions: [names], ...more },
    by,
  )

describe('thymus tpm platform', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'thymus-platform-'))
    const pem = (bytes: Buffer) => writePem('CERTIFICATE', bytes)
    writeFileSync(join(folder, 'boards.pem'), pem(issuer.der) + pem(root.der))
    writeFileSync(join(folder, 'tpms.pem'), pem(tpmRoot.der))
    writeFileSync(join(folder, 'ek.der'), ekCertificate(newEccKey({ storage: true }), tpmRoot, { serial: integer(9) }))
  })
  after(() => rmSync(folder, { recursive: true }))

  const run = async (certificate: Buffer, ...words: readonly string[]) => {
    writeFileSync(join(folder, 'board.der'), certificate)
    return thymus(['tpm', 'platform', 'board.der', ...words], { cwd: folder, timeout: 60_000 })
  }
  const asked = async (certificate: Buffer, ...words: readonly string[]) => {
    const { status, stdout, stderr } = await run(certificate, ...words, '-o', 'json')
    assert.equal(stderr, '')
    const answer = JSON.parse(stdout)
    const verdicts = Object.fromEntries(answer.checks.map(({ code, is }: { code: string; is: string }) => [code, is]))
    return { status, answer, chain: verdicts.TPM_PLATFORM_CHAIN, holder: verdicts.TPM_PLATFORM_HOLDER, verdicts }
  }
  const mine = { issuer: 'maker of TPMs', serial: 9 }
  const heldAt = (time: string) => ['--platform-roots', 'boards.pem', '--ek-certificate', 'ek.der', '--lab-ca', 'tpms.pem', '--at', time]
  const held = heldAt('2026-01-01T00:00:00Z')

  test('says what the platform is, of which parts, and each check', async () => {
    const { answer, verdicts, status } = await asked(board(mine), ...held)
    const { checks, apiVersion, ...said } = answer
    assert.deepEqual(said, {
      ...{ kind: 'TpmPlatform', manufacturer: 'Boards Inc.', model: 'B-1', version: null, serial: 'sn\u001b[31m', type: null },
      ...{ specification: '2.0 revision 43', profile: null, issuer: 'line 7', number: '7', unread: ['1.2.3'] },
      ...{ begins: '2020-01-01T00:00:00.000Z', ends: '2030-01-01T00:00:00.000Z', elsewhere: [] },
      properties: [{ name: 'AMT', value: 'off', status: null }],
      components: [
        {
          ...{ class: '2.23.133.18.3.1:00060004', manufacturer: 'Disks', model: 'D-2', serial: null, revision: null },
          ...{ replaceable: false, addresses: [], status: null },
        },
      ],
    })
    assert.deepEqual([verdicts.TPM_PLATFORM_CHAIN, verdicts.TPM_PLATFORM_HOLDER, verdicts.TPM_EK_CHAIN], ['pass', 'pass', 'pass'])
    // Whether the key of that certificate is here, no file says.
    assert.deepEqual([verdicts.TPM_EK_KEY, status], ['unknown', 3])
    const { stdout } = await run(Buffer.from(writePem('ATTRIBUTE CERTIFICATE', board(mine))), ...held)
    assert.match(stdout, /maker +Boards Inc\.[\s\S]*Disks +D-2[\s\S]*pass +TPM_PLATFORM_CHAIN[\s\S]*unknown +TPM_EK_KEY.*was not given/)
    assert.ok(!stdout.includes('\u001b'))
  })

  test('says unknown, with the reason, where nobody is named who could vouch for it', async () => {
    const { answer, chain, holder, verdicts, status } = await asked(
      board(mine),
      '--ek-certificate',
      'ek.der',
      '--at',
      '2026-01-01T00:00:00Z',
    )
    assert.deepEqual([chain, holder, verdicts.TPM_EK_CHAIN, status], ['unknown', 'pass', 'unknown', 3])
    assert.match(answer.checks[0].got, /nobody was named/)
  })

  test('takes none of a stranger, out of its time, about another TPM, or with a bit flipped', async () => {
    const stranger = newAuthority('line 7', newAuthority('maker of boards'))
    const refused = async (certificate: Buffer, wanted: readonly string[], words: readonly string[] = held) => {
      const { chain, holder, status } = await asked(certificate, ...words)
      assert.deepEqual([chain, holder, status], [...wanted, 2])
    }
    await refused(board(mine, {}, stranger), ['fail', 'pass'])
    await refused(board(mine, { to: '20250101000000Z' }), ['fail', 'pass'])
    await refused(board(mine), ['fail', 'pass'], heldAt('2031-01-01T00:00:00Z'))
    await refused(board({ issuer: 'maker of TPMs', serial: 10 }), ['pass', 'fail'])
    await refused(board({ issuer: 'another maker', serial: 9 }), ['pass', 'fail'])
    const flipped = board(mine)
    flipped[flipped.length - 1]! ^= 1
    await refused(flipped, ['fail', 'pass'])
  })

  test('refuses what is none, and names the file', async () => {
    for (const bytes of [Buffer.concat([board(mine), Buffer.of(0)]), board(mine).subarray(0, -1), Buffer.from('none'), Buffer.alloc(0)]) {
      const { status, stdout, stderr } = await run(bytes, ...held)
      assert.match(stderr, /^thymus: FORMAT: .*\(at board\.der/)
      assert.deepEqual([status, stdout], [1, ''])
    }
    const { status, stderr } = await run(board(mine), '--platform-roots', 'board.der')
    assert.match(stderr, /^thymus: FORMAT: .*\(at board\.der/)
    assert.equal(status, 1)
  })

  describe('on a TPM', { skip: whyNoSwtpm() }, () => {
    let swtpm: Swtpm
    before(async () => {
      swtpm = await startSwtpm(true)
    })
    after(() => swtpm[Symbol.asyncDispose]())
    const onTpm = (certificate: Buffer, ...words: readonly string[]) =>
      asked(certificate, '--platform-roots', 'boards.pem', '--tpm', `unix:${swtpm.path}`, ...words)

    test('passes where it is about one of its endorsement keys, whose maker is named, and fails where it is not', async (t) => {
      if (swtpm.authorities === undefined) return t.skip('the emulator has no certificates here (lab/lab setup makes one that has)')
      writeFileSync(join(folder, 'emulator.pem'), swtpm.authorities.root + swtpm.authorities.issuer)
      const lab = ['--lab-ca', 'emulator.pem']
      const { stdout } = await thymus(['tpm', 'ek', '-o', 'json', '--tpm', `unix:${swtpm.path}`], { cwd: folder })
      const kinds: readonly string[] = JSON.parse(stdout).items.map(({ kind }: { kind: string }) => kind)
      assert.ok(kinds.length >= 2)
      for (const kind of kinds) {
        await thymus(['tpm', 'ek', '--kind', kind, '--certificate', `${kind}.der`, '--tpm', `unix:${swtpm.path}`], { cwd: folder })
        const ek = readVendorCertificate(readFileSync(join(folder, `${kind}.der`)))
        const serial = Buffer.from(
          ek.serial
            .toString(16)
            .padStart(2, '0')
            .replace(/^([89a-f].)/, '00$1'),
          'hex',
        )
        const holder = der(0xa0, sequence(der(0xa4, ek.rawIssuer)), der(0x02, serial))
        const { verdicts, status } = await onTpm(board(holder), ...lab)
        assert.deepEqual([new Set(Object.values(verdicts)), status], [new Set(['pass']), 0])
        assert.equal((await onTpm(board(holder))).status, 3)
      }
      const other = await onTpm(board(mine), ...lab)
      assert.deepEqual([other.chain, other.holder, other.status], ['pass', 'fail', 2])
      assert.match(other.answer.checks[1].got, /serial number 9 of maker of TPMs/)
    })

    test('without a certificate of its key is unknown', async () => {
      await using bare = await startSwtpm()
      const { chain, holder, status } = await asked(board(mine), '--platform-roots', 'boards.pem', '--tpm', `unix:${bare.path}`)
      assert.deepEqual([chain, holder, status], ['pass', 'unknown', 3])
    })
  })
})
