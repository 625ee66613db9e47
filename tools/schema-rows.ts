// JSON Schema as rows of a table for people: field, type, meaning.
import type { JsonSchema } from '../src/formats/doors/json-schema.ts'

export type Row = readonly [field: string, type: string, meaning: string]

/** The fields of an object, and of objects in it that have no name of their own. `?` follows the name of what may be left out. */
export function rowsOf(schema: JsonSchema, prefix = ''): readonly Row[] {
  return fieldsOf(variantsOf(schema)).flatMap(({ name, schemas, required }) => {
    const path = `${prefix}${name}`
    const types = [...new Set(schemas.map(typeText))]
    const meaning = schemas.find(({ description }) => description !== undefined)?.description ?? ''
    const inner = schemas.flatMap((one) => {
      const items = itemsOf(one)
      return items === undefined ? rowsOf(one, `${path}.`) : rowsOf(items, `${path}[].`)
    })
    return [[`\`${path}${required ? '' : '?'}\``, types.join(' or '), meaning], ...inner] satisfies Row[]
  })
}

/** One field as all variants have it. */
interface Field {
  readonly name: string
  readonly schemas: readonly JsonSchema[]
  readonly required: boolean
}

function fieldsOf(variants: readonly JsonSchema[]): readonly Field[] {
  const names = new Set(variants.flatMap(({ properties }) => Object.keys(properties ?? {})))
  return [...names].map((name) => ({
    name,
    schemas: variants.flatMap<JsonSchema>(({ properties }) => (properties?.[name] as JsonSchema | undefined) ?? []),
    required: variants.every(({ required }) => required?.includes(name)),
  }))
}

const variantsOf = (schema: JsonSchema): readonly JsonSchema[] => (schema.anyOf as JsonSchema[] | undefined) ?? [schema]

const itemsOf = ({ items }: JsonSchema) => (typeof items === 'object' ? (items as JsonSchema) : undefined)

function typeText(schema: JsonSchema): string {
  const { $ref, anyOf, type, format, additionalProperties: others } = schema
  const items = itemsOf(schema)
  if ($ref !== undefined) return linkTo($ref.slice('#/$defs/'.length))
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ')
  if (anyOf !== undefined) return [...new Set(anyOf.map((one) => typeText(one as JsonSchema)))].join(' or ')
  if (items !== undefined) return `list of ${typeText(items)}`
  if (type === 'object' && typeof others === 'object' && 'type' in others) return `object of ${typeText(others)}`
  return `${type ?? 'anything'}${format === undefined ? '' : ` (${format})`}`
}

const linkTo = (name: string) => `[${name}](#${name.toLowerCase()})`
