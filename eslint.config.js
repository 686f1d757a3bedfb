// The lint rules that stand for the project's promises: typed errors, no floating promises, no `any`, no non-null
// assertions, and import arrows that point one way (docs/architecture.md).
import tseslint from 'typescript-eslint';

/** What each top folder may not import: the arrows of docs/architecture.md, turned round. */
const FORBIDDEN_IMPORTS = {
  sip: ['lib', 'kmc', 'dtls', 'push', 'test', 'scenarios', 'bench'],
  kmc: ['lib', 'sip', 'dtls', 'push', 'test', 'scenarios', 'bench'],
  // Sockets are those of the UDP engine, which sip/ has.
  dtls: ['lib', 'sip(?!/transport/)', 'kmc', 'push', 'test', 'scenarios', 'bench'],
  push: ['lib', 'sip', 'dtls', 'test', 'scenarios', 'bench'],
  lib: ['test', 'scenarios', 'bench'],
};

const importArrows = Object.entries(FORBIDDEN_IMPORTS).map(([folder, forbidden]) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
            message: `${folder}/ may not import from there: see the import arrows in docs/architecture.md.`,
          },
          { regex: '^osgate(/|$)', message: 'Import our own files by relative path.' },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "ThrowStatement > NewExpression[callee.name='Error']",
          message: 'Throw a typed error with a code (see errors.ts of the folder).',
        },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A method that is async only to satisfy a port (Store, KeyCentre) has no await of its own.
      '@typescript-eslint/require-await': 'off',
    },
  },
  ...importArrows,
  {
    // Mocha's and chai's own style: `expect(x).to.be.true` is an expression, and mocha binds `this`.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-invalid-this': 'off',
      'no-restricted-syntax': 'off',
    },
  },
  {
    // Programs whose standard output is their product.
    files: ['scripts/**', 'scenarios/**', 'bench/**', 'lib/cli/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
