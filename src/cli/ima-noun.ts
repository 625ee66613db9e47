// `thymus ima VERB`: what the kernel measured while it ran, and what it may measure.
import { command, group } from './command.ts'
import { flag, given, many, o, one, output } from './flags.ts'
import { text } from './parameters.ts'

export const ima = group('what the kernel measures as it runs', {
  policy: command({
    brief: 'make a policy, in the format of Keylime, on stdout: of a list, of digests, of packages, or of all of these',
    examples: [
      ['thymus ima policy *.rpm > policy.json', 'what a vendor built, whatever became of it here'],
      [
        'thymus ima policy --packages > policy.json',
        "every file that a package put here and, where that is Debian's, that is still the same",
      ],
      ['thymus ima policy --log /sys/kernel/security/ima/ascii_runtime_measurements', 'what was measured is what may be'],
      ['sha256sum /opt/app/* | thymus ima policy --digests - --exclude "/tmp/.*"', ''],
    ],
    operands: '[PACKAGE...]',
    parameters: {
      positional: {
        kind: 'array',
        parameter: {
          parse: text,
          placeholder: 'PACKAGE',
          brief: 'a package, .rpm or .deb, or a database of RPM: rpmdb.sqlite, Packages.db',
        },
      },
      flags: {
        log: many(text, 'FILE', 'a measurement list, ASCII or binary'),
        digests: many(text, 'FILE|-', 'lines as sha256sum prints them'),
        packages: flag('what is installed here: RPM knows its files, those of Debian are hashed'),
        key: many(text, 'FILE', 'certificates or keys in PEM; of the files of packages only those count that one of them signed for IMA'),
        exclude: many(text, 'PATTERN', 'paths that are not judged, from their first byte'),
      },
      aliases: { k: 'key' },
    },
    load: async () => (await import('./ima/policy.ts')).policy,
  }),
  verify: command({
    brief: 'is a measurement list whole, does it lead to a value of PCR 10, and does what it holds meet a policy?',
    examples: [
      ['thymus ima verify --pcr 7BF1CC… ascii_runtime_measurements', 'against a value that a quote proved'],
      ['thymus ima verify --policy policy.json --key ours.pem binary_runtime_measurements', 'a policy that must be signed'],
    ],
    operands: 'FILE',
    parameters: {
      flags: {
        pcr: given(text, 'HEX', 'the value of PCR 10; its length says the bank'),
        policy: given(text, 'FILE', 'a runtime policy of Keylime, plain or in a DSSE envelope'),
        key: many(text, 'FILE', 'keys or certificates in PEM, one of which must have signed the policy'),
        'allow-violations': flag('files that were written while they were read are no fault'),
        ...output,
      },
      aliases: { k: 'key', ...o },
      positional: one(text, 'FILE', 'a measurement list, ASCII or binary'),
    },
    more: 'Without --pcr nothing says that the list is not made up: that is unknown, status 3. The exit status is 2 where a check fails.',
    load: async () => (await import('./ima/verify.ts')).verify,
  }),
})
