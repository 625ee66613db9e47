import type { HttpPort } from '../../lang/rego/builtins/http/port.ts'
import type { Surroundings } from '../../lang/rego/codegen/runtime.ts'
import { surroundings as ofMachine } from '../../server/surroundings.ts'
import { note } from '../terminal.ts'

/** As a policy that is asked on the command line has them: what it prints goes to stderr. */
export const surroundings = (http?: HttpPort): Surroundings => ofMachine({ print: note, ...(http === undefined ? {} : { http }) })
