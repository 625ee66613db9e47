import { test } from 'node:test'
import { assertAnswers } from '../../../../test/kit/rego-builtins.ts'

test('globs match as in OPA', () => {
  assertAnswers([
    ['glob.match', ['"*.example.com"', 'null', '"a.b.example.com"'], 'true'],
    ['glob.match', ['"*.example.com"', '[]', '"a.b.example.com"'], 'false'],
    ['glob.match', ['"**.example.com"', '[]', '"a.b.example.com"'], 'true'],
    ['glob.match', ['"{a*,b}?"', '["/"]', '"a/"'], 'false'],
    ['glob.match', ['"{a*,b}?"', '["/"]', '"axy"'], 'true'],
    ['glob.match', ['"[!a-c]"', '[]', '"."'], 'true'],
    ['glob.match', ['"[a\\\\-c]"', 'null', '"-"'], 'true'],
    ['glob.match', ['"[]-a]"', 'null', '"_"'], 'true'],
    ['glob.match', ['"[]a]"', 'null', '"a"'], undefined],
    ['glob.match', ['"[c-a]"', 'null', '"b"'], undefined],
    ['glob.match', ['"[!]"', 'null', '"a"'], undefined],
    ['glob.match', ['"{a"', 'null', '"a"'], undefined],
    ['glob.match', ['"a}"', 'null', '"a}"'], 'true'],
    ['glob.match', ['"a,b"', 'null', '"a,b"'], 'true'],
    ['glob.match', ['"a\\\\"', 'null', '"a"'], undefined],
    ['glob.match', ['"a"', '["ab"]', '"a"'], undefined],
    ['glob.match', ['"a"', '"."', '"a"'], undefined],
    ['glob.quote_meta', ['"a*b?[c]{d}\\\\!,"'], '"a\\\\*b\\\\?\\\\[c\\\\]\\\\{d\\\\}\\\\\\\\!,"'],
  ])
})
