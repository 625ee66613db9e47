import { test } from 'node:test'
import { assertAnswers } from '../../../../test/kit/rego-builtins.ts'

test('patterns match, split and replace as in Go; graphs and casts answer as in OPA', () => {
  assertAnswers([
    ['regex.split', ['"a*"', '"baac"'], '["b", "c"]'],
    ['regex.split', ['""', '"ab"'], '["a", "b"]'],
    ['regex.split', ['""', '""'], '[]'],
    ['regex.find_n', ['"a*"', '"baac💩"', '-1'], '["", "aa", "", ""]'],
    ['regex.find_n', ['"a"', '"aaa"', '2'], '["a", "a"]'],
    ['regex.find_all_string_submatch_n', ['"(a)|(b)"', '"ab"', '-1'], '[["a", "a", ""], ["b", "", "b"]]'],
    ['regex.replace', ['"foo bar"', '"(?P<x>o+)|^f"', `"[\${x}$1$9$$$é]"`], '"[$][oooo$] bar"'],
    ['regex.replace', ['"abc"', '"x*"', '"-"'], '"-a-b-c-"'],
    ['regex.replace', ['"a"', '"("', '""'], undefined],
    ['regex.is_valid', ['"a{1001}"'], 'false'],
    ['regex.is_valid', ['"(?<n>a)\\\\pL"'], 'true'],
    ['regex.template_match', ['"urn:foo:{.*}"', '"urn:foo:bar:baz"', '"{"', '"}"'], 'true'],
    ['regex.template_match', ['"a.<[0-9]+>"', '"ab1"', '"<"', '">"'], 'false'],
    ['regex.template_match', ['"a{"', '"a"', '"{"', '"}"'], undefined],
    ['regex.template_match', ['"a"', '"a"', '"{{"', '"}"'], undefined],
    ['regex.globs_match', ['"a.*"', '".*b"'], 'true'],
    ['regex.globs_match', ['"a*c"', '"b*c"'], 'false'],
    ['regex.globs_match', ['"[a-c]+"', '"[d-f]+"'], 'false'],
    ['regex.globs_match', ['"a+[a-c]b+"', '"a[ab]*[bc]+a*b"'], 'true'],
    ['regex.globs_match', ['"a**"', '"a"'], undefined],
    ['regex.globs_match', ['"[b-a]"', '"a"'], undefined],
    ['regex.globs_match', ['""', '""'], 'true'],
    ['regex.globs_match', ['""', '"a*"'], 'false'],
    ['graph.reachable_paths', ['{"a": ["b", "c"], "b": ["a"], "c": {"x"}, "d": []}', '["a", "d", "z"]'], '{["a", "b"], ["a", "c"], ["d"]}'],
    ['graph.reachable', ['{"a": ["b"], "b": null}', '["a"]'], '{"a", "b"}'],
    ['cast_set', ['[1, 1]'], '{1}'],
    ['cast_array', ['{2, 1}'], '[1, 2]'],
    ['cast_string', ['1'], undefined],
    ['internal.template_string', ['["a", {[1, "x"]}, set(), null]'], '"a[1, \\"x\\"]<undefined>null"'],
  ])
})
