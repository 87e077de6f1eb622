// SPDX-License-Identifier: Apache-2.0
// The page's one script, into the directory that is named.
import { build } from 'esbuild';

// Editors and maps, of which a dashboard that is only looked at uses nothing.
const UNUSED = /^(monaco-editor|@monaco-editor\/react|ol|ol\/.*|slate.*|stream)$/;

// Grafana's parts as they are for require(): the other ones import packages in a way that esbuild reads otherwise than
// Grafana's own build.
const PARTS = ['@grafana/data', '@grafana/schema', '@grafana/ui'];
const FOR_REQUIRE = Object.fromEntries(PARTS.map((part) => [part, `./node_modules/${part}/dist/cjs/index.cjs`]));

await build({
  absWorkingDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  entryPoints: ['src/page.tsx'],
  outfile: `${process.argv[2]}/page.js`,
  bundle: true,
  jsx: 'automatic',
  alias: FOR_REQUIRE,
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'dataurl', '.css': 'css' },
  logLevel: 'error',
  plugins: [
    {
      name: 'unused',
      setup(builder) {
        builder.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }));
        builder.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }));
      },
    },
  ],
});
