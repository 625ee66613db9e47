import { EXIT } from '../../core/errors.ts'
import type { FreeAct, Stage } from './stage.ts'

const FOLDER = 'src/cli/demo/recordings/boot'
/** Made by tools/record-boots.ts. */
export const BOOTS = { good: `${FOLDER}/good.json`, changed: `${FOLDER}/changed.json`, reference: `${FOLDER}/node-1.json` } as const
/** The challenge that was given then. */
export const NONCE = '5eedc0ffee5eedc0ffee5eedc0ffee11'
const ANOTHER = '0123456789abcdef0123456789abcdef'

/** A node proves what it booted. One word more on its command line, and it cannot. */
export const BOOT_ACT: FreeAct = { title: 'A boot with one more word', rung: 'replayed', play }

async function play(stage: Stage): Promise<void> {
  stage.say(
    'A node booted by Secure Boot: OVMF, shim, GRUB, Linux. Its TPM quoted what was measured, and this was recorded when it was good.',
  )
  const held = ['--reference', BOOTS.reference, '--nonce', NONCE]
  const good = await stage.thymus('attest', 'verify', BOOTS.good, ...held)
  stage.expect('every claim is affirmed: its TPM, its boot, what ran since', good.status === EXIT.ok)
  stage.say('The same node, booted again. Somebody had changed the command line of its kernel.')
  const changed = await stage.thymus('attest', 'explain', BOOTS.changed, ...held)
  stage.expect('it is caught', changed.status === EXIT.findings)
  stage.expect('and the word is named', changed.stdout.includes('The kernel command line gained `init=/bin/sh`'))
  stage.say('So it shows the good evidence once more, to a new challenge.')
  const replayed = await stage.thymus('attest', 'explain', BOOTS.good, '--reference', BOOTS.reference, '--nonce', ANOTHER)
  stage.expect('an old quote answers an old challenge', replayed.status === EXIT.findings && replayed.stdout.includes('TPM_NONCE'))
  console.log('  undone: nothing was changed')
}
