// What the command line says when it cannot be understood: the library's occasions, our words, one line each.
import {
  AliasNotFoundError,
  type ApplicationText,
  ArgumentParseError,
  EnumValidationError,
  FlagNotFoundError,
  text_en,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from '@stricli/core'
import { ThymusError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import { failureText } from './failure.ts'

export const WORDS: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: ({ input, corrections }) => usage(`there is no command ${quote(input)}${orElse(corrections)}`),
  exceptionWhileParsingArguments: (error) => usage(problemOf(error)),
  exceptionWhileRunningCommand: (error) => failureText(error),
  exceptionWhileLoadingCommandFunction: (error) => failureText(error),
  exceptionWhileLoadingCommandContext: (error) => failureText(error),
  exceptionWhileRunningIntegrationFlag: () => usage('there is no such flag'), // a name that every object has, e.g. --constructor
}

function usage(problem: string): string {
  return failureText(new ThymusError('USAGE', `${problem}; --help tells more`))
}

function problemOf(error: unknown): string {
  if (error instanceof FlagNotFoundError) {
    return `there is no flag ${quote(`--${error.input}`)}${orElse(error.corrections.map((name) => `--${name}`))}`
  }
  if (error instanceof AliasNotFoundError) return `there is no flag ${quote(`-${error.input}`)}`
  if (error instanceof ArgumentParseError) return `${nameOf(error.externalFlagNameOrPlaceholder)}: ${messageOf(error.exception)}`
  if (error instanceof EnumValidationError) {
    return `--${error.externalFlagName}: ${quote(error.input)} is not one of ${error.values.join(', ')}`
  }
  if (error instanceof UnsatisfiedFlagError) return `--${error.externalFlagName} is needed, with a value`
  if (error instanceof UnexpectedFlagError) return `--${error.externalFlagName} is given twice`
  if (error instanceof UnexpectedPositionalError) return `${quote(error.input)} is one word too many`
  if (error instanceof UnsatisfiedPositionalError) return `${error.placeholder} is missing`
  return messageOf(error)
}

/** Operands are in capitals, flags are not. */
function nameOf(name: string): string {
  return /^[A-Z]/.test(name) ? name : `--${name}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function orElse(corrections: readonly string[]): string {
  return corrections.length === 0 ? '' : `, did you mean ${corrections.map((word) => word.replaceAll('`', '')).join(' or ')}?`
}
