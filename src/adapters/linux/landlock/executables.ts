import { ThymusError } from '../../../core/errors.ts'

export type Kind = 'folder' | 'file' | 'link' | 'other'

/** What is asked of a file system. */
export interface Files {
  /** Where the path leads once all links are followed, and what stands there; undefined where nothing does or we may not know. */
  readonly look: (path: string) => { readonly real: string; readonly kind: Exclude<Kind, 'link'> } | undefined
  /** Nothing for a folder that cannot be listed. */
  readonly list: (folder: string) => readonly { readonly name: string; readonly kind: Kind }[]
}

/** An exception inside a large folder costs one rule for each of its other files. */
const MAX_GRANTS = 65_536

/**
 * Spells out by allowances alone what may be executed: Landlock knows no exceptions, so the folders around one are replaced by what they hold now.
 * What is added to such a folder later is not allowed. Links are left out: what they lead to is allowed where it stands, or not at all.
 * @throws ThymusError POLICY_LIMIT
 */
export function spellOut(allowed: readonly string[], denied: readonly string[], files: Files): readonly string[] {
  const denials = new Set(denied)
  const granted: string[] = []
  const walk = (path: string): void => {
    if (![...denials].some((denial) => denial !== path && isBelow(denial, path))) {
      if (granted.length === MAX_GRANTS) {
        throw new ThymusError('POLICY_LIMIT', `spelling out what may be executed takes more than ${MAX_GRANTS} rules`, { at: path })
      }
      granted.push(path)
      return
    }
    for (const { name, kind } of files.list(path)) {
      const entry = kind === 'folder' ? `${path}${name}/` : `${path}${name}`
      if ((kind === 'folder' || kind === 'file') && !denials.has(entry)) walk(entry)
    }
  }
  for (const path of allowed) if (!denials.has(path)) walk(path)
  return granted
}

function isBelow(path: string, folder: string): boolean {
  return folder.endsWith('/') && path.startsWith(folder)
}
