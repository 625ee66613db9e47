import type { QueryDocument, SchemaDocument } from '../../../graphql/ast.ts'
import { type Budget, GraphqlDepthError, GraphqlError } from '../../../graphql/errors.ts'
import { parseQuery } from '../../../graphql/parse-query.ts'
import { parseSchema } from '../../../graphql/parse-schema.ts'
import { buildSchema } from '../../../graphql/schema.ts'
import { validateQuery } from '../../../graphql/validate.ts'
import type { Builtin, Runtime } from '../../codegen/runtime.ts'
import { BuiltinError, RegoError } from '../../errors.ts'
import { RegoObject, typeName, type Value } from '../../values/value.ts'
import { text, unfit } from '../operands.ts'
import { queryOf, schemaOf, treeValue } from './tree.ts'

/** GraphQL documents, as text or as the trees that these builtins make of it. */
export const GRAPHQL: Readonly<Record<string, Builtin>> = {
  'graphql.parse_query': (runtime, query) => reading(() => treeValue(parseQuery(text(query, 1), budgetOf(runtime)))),
  'graphql.parse_schema': (runtime, schema) => reading(() => treeValue(parseSchema(text(schema, 1), budgetOf(runtime)))),
  'graphql.parse': (runtime, query, schema) => reading(() => verified(runtime, query, schema)),
  'graphql.parse_and_verify': (runtime, query, schema) => {
    const trees = orUndefined(() => verified(runtime, query, schema))
    return trees === undefined ? [false, new RegoObject(), new RegoObject()] : [true, ...trees]
  },
  'graphql.is_valid': (runtime, query, schema) => orUndefined(() => verified(runtime, query, schema)) !== undefined,
  'graphql.schema_is_valid': (runtime, schema) =>
    orUndefined(() => buildSchema(schemaDocument(schema, 1, budgetOf(runtime)), budgetOf(runtime))) !== undefined,
}

/** The trees of a query and of the schema that it keeps to. */
function verified(runtime: Runtime, query: Value, schema: Value): readonly [Value, Value] {
  const budget = budgetOf(runtime)
  const queryTree = queryDocument(query, 1, budget)
  const schemaTree = schemaDocument(schema, 2, budget)
  validateQuery(buildSchema(schemaTree, budget), queryTree, budget)
  return [treeValue(queryTree), treeValue(schemaTree)]
}

function queryDocument(value: Value, at: number, budget: Budget): QueryDocument {
  if (typeof value === 'string') return parseQuery(value, budget)
  if (value instanceof RegoObject) return queryOf(value, budget)
  throw unfit(at, ['string', 'object'], typeName(value))
}

function schemaDocument(value: Value, at: number, budget: Budget): SchemaDocument {
  if (typeof value === 'string') return parseSchema(value, budget)
  if (value instanceof RegoObject) return schemaOf(value, budget)
  throw unfit(at, ['string', 'object'], typeName(value))
}

const budgetOf =
  (runtime: Runtime): Budget =>
  (steps) =>
    runtime.charge(steps)

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof GraphqlError) {
      throw new BuiltinError(error.at === undefined ? error.message : `${error.message} in GraphQL string at location ${error.at}`)
    }
    if (error instanceof GraphqlDepthError) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', error.message)
    throw error
  }
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return reading(read)
  } catch (error) {
    if (error instanceof BuiltinError) return undefined
    throw error
  }
}
