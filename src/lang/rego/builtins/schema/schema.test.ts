import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertAnswers, call } from '../../../../../test/kit/rego-builtins.ts'

test('documents are judged by JSON Schema, with the words of OPA', () => {
  assertAnswers([
    ['json.match_schema', ['{"id": 5}', '{"properties":{"id":{"type":"integer"}},"required":["id"]}'], '[true, []]'],
    [
      'json.match_schema',
      ['{"id": "x"}', '{"properties":{"id":{"type":["integer","null"]}}}'],
      '[false, [{"desc": "Invalid type. Expected: [integer,null], given: string", "error": "id: Invalid type. Expected: [integer,null], given: string", "field": "id", "type": "invalid_type"}]]',
    ],
    [
      'json.match_schema',
      ['[1, 1.0, "a"]', '{"uniqueItems":true,"items":{"type":"number","minimum":1.5}}'],
      '[false, [{"desc": "Must be greater than or equal to 1.5", "error": "0: Must be greater than or equal to 1.5", "field": "0", "type": "number_gte"}, {"desc": "Must be greater than or equal to 1.5", "error": "1: Must be greater than or equal to 1.5", "field": "1", "type": "number_gte"}, {"desc": "Invalid type. Expected: number, given: string", "error": "2: Invalid type. Expected: number, given: string", "field": "2", "type": "invalid_type"}, {"desc": "array items[0,1] must be unique", "error": "(Root): array items[0,1] must be unique", "field": "(Root)", "type": "unique"}]]',
    ],
    [
      'json.match_schema',
      [
        '{"a": {"b": 7}}',
        '{"definitions":{"even":{"$id":"#even","multipleOf":2}},"properties":{"a":{"properties":{"b":{"$ref":"#even"}}}}}',
      ],
      '[false, [{"desc": "Must be a multiple of 2", "error": "a.b: Must be a multiple of 2", "field": "a.b", "type": "multiple_of"}]]',
    ],
    [
      'json.match_schema',
      ['{"a": 1, "b": 2}', '{"additionalProperties":false,"patternProperties":{"^a":{"maximum":0}}}'],
      '[false, [{"desc": "Must be less than or equal to 0", "error": "a: Must be less than or equal to 0", "field": "a", "type": "number_lte"}, {"desc": "Additional property b is not allowed", "error": "(Root): Additional property b is not allowed", "field": "(Root)", "type": "additional_property_not_allowed"}]]',
    ],
    [
      'json.match_schema',
      ['{"a": "x"}', '{"properties":{"a":{"anyOf":[{"type":"string","maxLength":0},{"type":"number"}]}}}'],
      '[false, [{"desc": "Must validate at least one schema (anyOf)", "error": "a: Must validate at least one schema (anyOf)", "field": "a", "type": "number_any_of"}, {"desc": "String length must be less than or equal to 0", "error": "a: String length must be less than or equal to 0", "field": "a", "type": "string_lte"}]]',
    ],
    [
      'json.match_schema',
      ['{"a": 1}', '{"if":{"required":["a"]},"then":{"required":["b"]},"else":false}'],
      '[false, [{"desc": "Must validate \\"then\\" as \\"if\\" was valid", "error": "(Root): Must validate \\"then\\" as \\"if\\" was valid", "field": "(Root)", "type": "condition_then"}, {"desc": "b is required", "error": "(Root): b is required", "field": "(Root)", "type": "required"}]]',
    ],
    [
      'json.match_schema',
      ['{"t": "2024-02-30", "e": "a@b"}', '{"properties":{"t":{"format":"date"},"e":{"format":"email"}}}'],
      `[false, [{"desc": "Does not match format 'date'", "error": "t: Does not match format 'date'", "field": "t", "type": "format"}]]`,
    ],
    [
      'json.match_schema',
      ['{"a": 5}', '{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":5,"exclusiveMinimum":true}}}'],
      '[false, [{"desc": "Must be greater than 5", "error": "a: Must be greater than 5", "field": "a", "type": "number_gt"}]]',
    ],
    [
      'json.match_schema',
      ['"[1, 2]"', '"{\\"contains\\": {\\"const\\": 3}, \\"maxItems\\": 1}"'],
      '[false, [{"desc": "Array must have at most 1 items", "error": "(Root): Array must have at most 1 items", "field": "(Root)", "type": "array_max_items"}, {"desc": "At least one of the items must match", "error": "(Root): At least one of the items must match", "field": "(Root)", "type": "contains"}, {"desc": "0 does not match: 3", "error": "0: 0 does not match: 3", "field": "0", "type": "const"}]]',
    ],
    ['json.match_schema', ['[]', '{"pattern":"("}'], undefined],
    ['json.match_schema', ['[]', '{"$ref":"http://example.org/schema"}'], undefined],
    ['json.match_schema', ['1', '{}'], undefined],
    [
      'json.match_schema',
      ['{"n": {"n": 1}}', '{"properties":{"n":{"$ref":"#"}},"type":"object"}'],
      '[false, [{"desc": "Invalid type. Expected: object, given: integer", "error": "n.n: Invalid type. Expected: object, given: integer", "field": "n.n", "type": "invalid_type"}]]',
    ],
    ['json.verify_schema', ['{"type":"object"}'], '[true, null]'],
    [
      'json.verify_schema',
      ['{"type":"thing"}'],
      '[false, "jsonschema: has a primitive type that is NOT VALID -- given: /thing/ Expected valid values are:[array boolean integer number null object string]"]',
    ],
    ['json.verify_schema', ['{"minLength":2,"maxLength":1}'], '[false, "jsonschema: minLength cannot be greater than maxLength"]'],
    ['json.verify_schema', ['{"required":["a","a"]}'], '[false, "jsonschema: required items must be unique"]'],
    ['json.verify_schema', ['{"items":1}'], '[false, "jsonschema: Invalid type. Expected: Valid Schema/Array Of Schemas, given: items"]'],
    ['json.verify_schema', ['true'], '[false, "jsonschema: wrong type, expected string or object"]'],
    ['json.verify_schema', ['{"$schema":1}'], '[false, "jsonschema: $schema must be of type string"]'],
    ['json.verify_schema', ['{"$ref":"#/nope"}'], `[false, "jsonschema: Object has no key 'nope'"]`],
    ['json.verify_schema', ['"{"'], '[false, "jsonschema: invalid JSON string"]'],
    ['json.verify_schema', ['1'], '[false, "jsonschema: wrong type, expected string or object"]'],
  ])
})

test('a schema that refers to itself without end is ended', () => {
  assert.throws(() => call('json.match_schema', ['{}', '{"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}}']), {
    code: 'REGO_LIMIT',
  })
})
