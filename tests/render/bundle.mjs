// SPDX-License-Identifier: Apache-2.0
// The page's one script, into the directory that is named.
import { build } from 'esbuild';

// Editors and maps, of which a dashboard that is only looked at uses nothing.
const UNUSED = /^(monaco-editor|@monaco-editor\/react|ol|ol\/.*|slate.*|stream)$/;

await build({
  absWorkingDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  entryPoints: ['src/page.tsx'],
  outfile: `${process.argv[2]}/page.js`,
  bundle: true,
  jsx: 'automatic',
  // The builds for require(): of the other ones' default imports esbuild makes something else than Grafana's own build does.
  mainFields: ['browser', 'main'],
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'dataurl', '.css': 'empty' },
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
