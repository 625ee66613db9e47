// What Kubernetes takes as a label: apimachinery, util/validation (IsQualifiedName, IsValidLabelValue, IsDNS1123Label, IsDNS1123Subdomain).
// Each function says what is wrong, or undefined; the caller quotes the text and says where it stands.

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
/** RFC 1123; the limit of a label's name and value is the same. */
const MAX_NAME = 63
const MAX_SUBDOMAIN = 253

/** A key: `name` or `prefix/name`. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/')
  const prefix = key.slice(0, Math.max(slash, 0))
  const name = key.slice(slash + 1)
  if (slash >= 0 && subdomainProblem(prefix) !== undefined) return `has a prefix that is no DNS name: ${subdomainProblem(prefix)}`
  if (name === '') return 'has no name'
  return nameProblem(name)
}

/** A value; it may be empty. */
export function labelValueProblem(value: string): string | undefined {
  return value === '' ? undefined : nameProblem(value)
}

/** A name of a namespace. */
export function dnsLabelProblem(text: string): string | undefined {
  if (text.length > MAX_NAME) return `has ${text.length} characters, more than ${MAX_NAME}`
  return DNS_LABEL.test(text) ? undefined : 'must be lower-case letters, digits and "-", beginning and ending with a letter or digit'
}

/** A name of most other things. */
export function subdomainProblem(text: string): string | undefined {
  if (text.length > MAX_SUBDOMAIN) return `has ${text.length} characters, more than ${MAX_SUBDOMAIN}`
  return DNS_SUBDOMAIN.test(text)
    ? undefined
    : 'must be lower-case letters, digits, "-" and ".", with a letter or digit at each end of a part'
}

function nameProblem(text: string): string | undefined {
  if (text.length > MAX_NAME) return `has ${text.length} characters, more than ${MAX_NAME}`
  return NAME.test(text) ? undefined : 'must be letters, digits, "-", "_" and ".", beginning and ending with a letter or digit'
}
