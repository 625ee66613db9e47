// What we say of each check of the Pod Security Standards. Kubernetes refuses whatever fails, so nothing is below `high`: a scan that finds
// nothing at `high` is a deployment that is not refused. `critical` is what hands over the node at once.
import type { FindingRule, Severity } from '../../../core/finding.ts'

export interface PodSecurityRule extends FindingRule {
  readonly severity: Severity
  readonly remedy: string
}

const rule = (check: string, severity: Severity, title: string, reason: string, remedy: string) =>
  [check, { name: `PodSecurity/${check}`, severity, title, reason, remedy }] as const

const ESCALATION = 'A process that is broken into could become more than it was started as.'
const CAPABILITIES = 'A capability is a part of what root may do on the node.'
const SECCOMP = 'Without a profile every system call of the kernel can be attacked.'
const VOLUMES = 'A volume of the node shows, and often gives, the node to the container.'
const PROC = 'The masks of /proc keep a container from seeing and changing the kernel of the node.'

const RULES: ReadonlyMap<string, PodSecurityRule> = new Map([
  rule(
    'privileged',
    'critical',
    'No container is privileged',
    'A privileged container is root on its node.',
    'Remove securityContext.privileged, and add the capabilities that are really needed.',
  ),
  rule(
    'windowsHostProcess',
    'critical',
    'No container is a process of a Windows host',
    'A HostProcess container is a process of the node itself.',
    'Remove windowsOptions.hostProcess.',
  ),
  rule(
    'hostNamespaces',
    'high',
    'Pods do not share the namespaces of the node',
    'A pod in them sees the processes, memory or traffic of the node and of all its pods.',
    'Remove hostNetwork, hostPID and hostIPC.',
  ),
  rule('hostPathVolumes', 'high', 'No volume is a path of the node', VOLUMES, 'Take an emptyDir, a ConfigMap, or a PersistentVolumeClaim.'),
  rule('hostPorts', 'high', 'No container takes a port of the node', 'Such a port passes by network policies.', 'Take a Service.'),
  rule(
    'hostProbesAndHostLifecycle',
    'high',
    'Probes and handlers ask their own pod',
    'The kubelet can be made to ask addresses that the pod itself may not reach.',
    'Remove `host` from probes and handlers.',
  ),
  rule('capabilities_baseline', 'high', 'No capability is added beyond the default', CAPABILITIES, 'Remove it from capabilities.add.'),
  rule(
    'appArmorProfile',
    'high',
    'AppArmor is not switched off',
    'The profile is what stops a process that got out of its container.',
    'Take RuntimeDefault, or a Localhost profile.',
  ),
  rule(
    'seLinuxOptions',
    'high',
    'The type of SELinux is one of a container',
    'Another type, user or role is bound by other rules, or by none.',
    'Remove seLinuxOptions, or take a type of containers.',
  ),
  rule('procMount', 'high', '/proc is masked', PROC, 'Remove procMount.'),
  rule('procMount_restricted', 'high', '/proc is masked', PROC, 'Remove procMount.'),
  rule('seccompProfile_baseline', 'high', 'Seccomp is not switched off', SECCOMP, 'Take RuntimeDefault, or a Localhost profile.'),
  rule(
    'sysctls',
    'high',
    'Only sysctls of the pod itself are set',
    'Others change the kernel for all pods of the node.',
    'Remove the sysctl, or set it on the node.',
  ),
  rule('allowPrivilegeEscalation', 'high', 'No process can gain privileges', ESCALATION, 'Set allowPrivilegeEscalation: false.'),
  rule('capabilities_restricted', 'high', 'All capabilities are dropped', CAPABILITIES, 'Set capabilities.drop to ["ALL"].'),
  rule('runAsNonRoot', 'high', 'Containers do not run as root', ESCALATION, 'Set runAsNonRoot: true, and a user in the image.'),
  rule('runAsUser', 'high', 'Containers do not run as user 0', ESCALATION, 'Set runAsUser to a number above 0.'),
  rule('seccompProfile_restricted', 'high', 'A seccomp profile is set', SECCOMP, 'Set seccompProfile.type: RuntimeDefault.'),
  rule('restrictedVolumes', 'high', 'Volumes are of types that cannot reach the node', VOLUMES, 'Take one of the types that are allowed.'),
])

/** A check that came later is no worse known than this. */
export function podSecurityRule(check: string): PodSecurityRule {
  return RULES.get(check) ?? rule(check, 'high', `The check ${check} of the Pod Security Standards`, '', '')[1]
}
