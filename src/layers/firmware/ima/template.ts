// What an entry of the kernel's measurement list is made of: Linux, Documentation/security/IMA-templates.rst, "IMA templates" below.

/** How a field is written: a digest (bare, or behind its algorithm's name), a text that ends in NUL, bytes, or a number of so many bytes. */
export type FieldForm = 'digest' | 'named-digest' | 'text' | 'bytes' | 2 | 4

export interface Field {
  readonly id: string
  readonly form: FieldForm
}

export interface Template {
  readonly name: string
  readonly fields: readonly Field[]
  /** The place of each field. */
  readonly index: ReadonlyMap<string, number>
  /** The template of Linux 2.6.30, whose fields stand without their lengths. */
  readonly legacy: boolean
}

const FORMS: Readonly<Record<string, FieldForm>> = {
  d: 'digest',
  n: 'text',
  'd-ng': 'named-digest',
  'd-ngv2': 'named-digest',
  'n-ng': 'text',
  sig: 'bytes',
  buf: 'bytes',
  'd-modsig': 'named-digest',
  modsig: 'bytes',
  evmsig: 'bytes',
  xattrnames: 'text',
  xattrlengths: 'bytes',
  xattrvalues: 'bytes',
  iuid: 4,
  igid: 4,
  imode: 2,
}

const BUILTIN: Readonly<Record<string, string>> = {
  ima: 'd|n',
  'ima-ng': 'd-ng|n-ng',
  'ima-ngv2': 'd-ngv2|n-ng',
  'ima-sig': 'd-ng|n-ng|sig',
  'ima-sigv2': 'd-ngv2|n-ng|sig',
  'ima-buf': 'd-ng|n-ng|buf',
  'ima-modsig': 'd-ng|n-ng|sig|d-modsig|modsig',
  'evm-sig': 'd-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode',
}

/** The name of a template, or of one that the kernel was given as a format. */
export const MAX_TEMPLATE_NAME = 255
/** A format names each field once at most; there are no more fields than these. */
const MAX_FIELDS = Object.keys(FORMS).length

const TEMPLATES = new Map(Object.entries(BUILTIN).map(([name, format]) => [name, templateOf(name, format)]))

/** The template of a name. One that was set by `ima_template_fmt=` has its format for a name. Undefined: none that is known. */
export function templateNamed(name: string): Template | undefined {
  return TEMPLATES.get(name) ?? templateOf(name, name)
}

function templateOf(name: string, format: string): Template | undefined {
  const ids = format.split('|', MAX_FIELDS + 1)
  if (ids.length > MAX_FIELDS || !ids.every((id) => Object.hasOwn(FORMS, id))) return undefined
  const index = new Map(ids.map((id, at) => [id, at]))
  if (index.size < ids.length) return undefined
  return { name, fields: ids.map((id) => ({ id, form: FORMS[id]! })), index, legacy: name === 'ima' }
}
