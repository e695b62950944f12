// What the compiler cannot see: forgotten promises, swallowed errors, unhandled cases, and `!` where `must(value, why)` belongs.
// Layout of the code is nobody's business here. An exception carries a `reason:` on the line above.
import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

const swallowed = [
  {
    selector:
      "CallExpression[callee.property.name='catch'] > ArrowFunctionExpression:matches([body.type='BlockStatement'][body.body.length=0], [body.type='Identifier'][body.name='undefined'], [body.type='Literal'][body.raw='null'])",
    message: 'This swallows the error. Handle each case, pass it on, or return it as an object with a kind.',
  },
]

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'data/', 'data-demo/', 'test-output/', 'client/public/'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.node, ...globals.browser, ...globals.worker } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-undef': 'off', // the compiler knows better
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-restricted-syntax': ['error', ...swallowed],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.svelte'],
    languageOptions: { parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      'svelte/no-navigation-without-resolve': 'off', // that is a rule of SvelteKit's router
      'svelte/prefer-svelte-reactivity': 'off', // a $derived Map is replaced whole; only what changes in place needs SvelteMap
      'svelte/no-unused-svelte-ignore': 'off', // svelte-check sees more warnings than this parser
    },
  },
  {
    // reason: a registry holds components with different props, and Svelte has no type for "a component of some props".
    files: ['client/platform/contributions.ts', 'client/workbench/loaded.svelte.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
  {
    files: ['**/*.mjs'],
    rules: { 'no-undef': 'error' }, // no compiler looks at these
  },
  {
    // Things that talk to a terminal.
    files: ['**/*.mjs', 'server/main.ts', 'server/cli.ts', 'server/cli/**', 'tests/**', 'vite.config.ts', 'eslint.config.js'],
    rules: { 'no-console': 'off' },
  },
  {
    // A test may say "this is there" and be wrong loudly.
    files: ['**/*.test.ts', 'tests/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
)
