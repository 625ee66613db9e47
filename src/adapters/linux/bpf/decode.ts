import { type Event, type ExecForm, type ModuleForm, type Ruling, type SocketEvent, type Task, textsOf } from '../../../core/event.ts'
import {
  decodeEventHeader,
  decodeExecEvent,
  decodeExitEvent,
  decodeForkEvent,
  decodeModuleEvent,
  decodeSocketEvent,
  EVENT_TYPE,
  type EventHeader,
  EXEC_FORM,
  MODULE_FORM,
  OUTCOME,
  type Ruling as RawRuling,
  type TaskRef,
} from './layout.gen.ts'

const SOCKET_TYPES: Readonly<Record<number, SocketEvent['type']>> = {
  [EVENT_TYPE.EVENT_CONNECT]: 'connect',
  [EVENT_TYPE.EVENT_ACCEPT]: 'accept',
  [EVENT_TYPE.EVENT_CLOSE]: 'close',
  [EVENT_TYPE.EVENT_BIND]: 'bind',
  [EVENT_TYPE.EVENT_DROP]: 'drop',
}
const FORMS: readonly (readonly [number, ExecForm])[] = [
  [EXEC_FORM.FORM_UNLINKED, 'unlinked'],
  [EXEC_FORM.FORM_UNHASHED, 'unhashed'],
  [EXEC_FORM.FORM_SHM, 'shm'],
  [EXEC_FORM.FORM_SCRIPT_FD, 'script-fd'],
  [EXEC_FORM.FORM_BY_FD, 'by-fd'],
  [EXEC_FORM.FORM_NO_PATH, 'no-path'],
  [EXEC_FORM.FORM_KILLED, 'killed'],
  [EXEC_FORM.FORM_REFUSED, 'refused'],
]
const MODULE_FORMS: Readonly<Record<number, ModuleForm>> = {
  [MODULE_FORM.MODULE_FILE]: 'file',
  [MODULE_FORM.MODULE_BUFFER]: 'buffer',
}
const EFFECTS = [null, 'allow', 'deny'] as const

/** The event that stands at `at`; undefined for a type that this program does not know. */
export function decodeEvent(view: DataView, bytes: Buffer, at: number): Event | undefined {
  const header = decodeEventHeader(view, bytes, at)
  switch (header.type) {
    case EVENT_TYPE.EVENT_FORK:
      return { type: 'fork', ...observed(header), task: task(decodeForkEvent(view, bytes, at).task) }
    case EVENT_TYPE.EVENT_EXIT: {
      const raw = decodeExitEvent(view, bytes, at)
      return { type: 'exit', ...observed(header), task: task(raw.task), status: raw.status }
    }
    case EVENT_TYPE.EVENT_EXEC: {
      const raw = decodeExecEvent(view, bytes, at)
      return {
        type: 'exec',
        ...observed(header),
        task: task(raw.task),
        ruling: ruling(raw.ruling),
        path: raw.path,
        name: raw.name,
        interpreter: raw.interp,
        cwd: raw.cwd,
        argv: textsOf(Buffer.from(raw.argv.subarray(0, raw.argv_bytes))),
        inode: raw.inode,
        device: raw.device,
        links: raw.links,
        forms: FORMS.filter(([bit]) => (raw.forms & bit) !== 0).map(([, form]) => form),
      }
    }
    case EVENT_TYPE.EVENT_MODULE: {
      const raw = decodeModuleEvent(view, bytes, at)
      const form = MODULE_FORMS[raw.form] ?? 'no-digest'
      const sha256 = form === 'file' ? Buffer.from(raw.sha256).toString('hex') : null
      return { type: 'module', ...observed(header), task: task(raw.task), ruling: ruling(raw.ruling), form, sha256, path: raw.path }
    }
    default: {
      const type = SOCKET_TYPES[header.type]
      if (type === undefined) return undefined
      const raw = decodeSocketEvent(view, bytes, at)
      return {
        type,
        ...observed(header),
        task: raw.task.pid === 0 ? null : task(raw.task),
        ruling: ruling(raw.ruling),
        cookie: raw.cookie,
        netns: raw.netns,
        active: raw.active !== 0,
        protocol: raw.protocol,
        local: { address: addressText(raw.local), port: raw.local_port },
        remote: { address: addressText(raw.remote), port: raw.remote_port },
        peerSlot: raw.peer_slot,
        bytesIn: raw.bytes_in,
        bytesOut: raw.bytes_out,
      }
    }
  }
}

function observed({ seq, at, slot, cpu, program }: EventHeader) {
  return { seq, at, slot, cpu, program }
}

function task({ pid, started, parent, parent_started, uid, euid, comm }: TaskRef): Task {
  return { pid, started, parent: { pid: parent, started: parent_started }, uid, euid, comm }
}

function ruling(raw: RawRuling): Ruling {
  return {
    generation: raw.generation,
    cookie: raw.cookie,
    effect: EFFECTS[raw.effect] ?? null,
    trialCookie: raw.trial_cookie,
    trialEffect: EFFECTS[raw.trial_effect] ?? null,
    ruler: raw.ruler,
    enforced: (raw.outcome & OUTCOME.OUTCOME_DENIED) !== 0,
    reported: (raw.outcome & OUTCOME.OUTCOME_REPORT) !== 0,
  }
}

/** IPv4 where it is mapped, else IPv6 as RFC 5952 writes it. */
export function addressText(bytes: Uint8Array): string {
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  if (mapped) return bytes.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!)
  return shorten(groups.map((group) => group.toString(16)).join(':'))
}

/** The longest run of zero groups, the first of the longest, becomes `::` (RFC 5952, clause 4.2). */
function shorten(text: string): string {
  const runs = [...text.matchAll(/(?<=^|:)0(?::0)+(?=$|:)/g)]
  const longest = runs.reduce<RegExpExecArray | undefined>((best, run) => (best && best[0].length >= run[0].length ? best : run), undefined)
  if (!longest) return text
  return `${text.slice(0, longest.index).replace(/:$/, '')}::${text.slice(longest.index + longest[0].length).replace(/^:/, '')}`
}
