import { type ExecEvent, type ExecForm, FILELESS_FORMS } from '../../../../core/event.ts'
import type { Suspicion } from '../../../../core/finding.ts'

const WORDS: Readonly<Partial<Record<ExecForm, string>>> = {
  unlinked: 'an image that is in no directory',
  unhashed: 'an image whose name was removed after it was opened',
  shm: 'an image in /dev/shm',
  'script-fd': 'a script that is in no directory',
}

/**
 * Fileless execution: the image leaves nothing behind to be found (ATT&CK T1620, T1027.011). The kernel tells the form; a program that was
 * replaced by its own update while it runs is one too ("unlinked"), so without a policy that denies it this is worth a look, not an alarm.
 */
export function fileless(event: ExecEvent): Suspicion | undefined {
  const form = event.forms.find((each) => FILELESS_FORMS.includes(each))
  if (form === undefined) return undefined
  const stopped = event.forms.includes('killed') || event.forms.includes('refused')
  return {
    code: 'RT_FILELESS',
    severity: stopped ? 'high' : 'medium',
    title: `${stopped ? 'Stopped' : 'Ran'}: ${WORDS[form]} (${event.path || event.name})`,
    remedy: stopped
      ? 'Find out how the caller got its payload: its parents and connections are in `thymus event tail`.'
      : 'If this workload never needs it: a WorkloadPolicy with `exec: {fileless: deny}`.',
  }
}
