import { BuiltinError } from '../../errors.ts'
import { printTerm } from '../../values/text.ts'
import { type RegoObject, RegoSet, type Value } from '../../values/value.ts'
import { object } from '../operands.ts'

const ALLOWED: ReadonlySet<Value> = new Set([
  ...[
    'method',
    'url',
    'body',
    'raw_body',
    'headers',
    'enable_redirect',
    'force_json_decode',
    'force_yaml_decode',
    'timeout',
    'raise_error',
  ],
  ...['cache', 'force_cache', 'force_cache_duration_seconds', 'caching_mode', 'cache_ignored_headers', 'max_retry_attempts'],
  ...['tls_use_system_certs', 'tls_insecure_skip_verify', 'tls_server_name'],
  ...['tls_ca_cert', 'tls_client_cert', 'tls_client_key'].flatMap((name) => [name, `${name}_file`, `${name}_env_variable`]),
])

/** A request as http.send and others take it, with nothing in it that they do not know. */
export function requestOperand(value: Value, at: number): RegoObject {
  const request = object(value, at)
  const names = request.entries().map(([name]) => name)
  const unknown = names.filter((name) => !ALLOWED.has(name))
  if (unknown.length > 0) throw fault(at, 'invalid request parameters(s)', unknown)
  const missing = ['method', 'url'].filter((name) => !request.has(name))
  if (missing.length > 0) throw fault(at, 'missing required request parameters(s)', missing)
  return request
}

const fault = (at: number, what: string, names: readonly Value[]) =>
  new BuiltinError(`operand ${at} ${what}: ${printTerm(RegoSet.of(names))}`, 'eval_type_error')
