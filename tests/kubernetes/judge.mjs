// SPDX-License-Identifier: Apache-2.0
// Holds objects of Kubernetes against their types: JSON comes on standard input, as [[name, object], ...], and what is wrong goes to
// standard output, a line each. Values are looked at by the validators of the models; that no field is unknown, by TypeScript, which
// refuses a literal with a member that its type does not have.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const objects = JSON.parse(readFileSync(0, 'utf8'));

function moduleOf({ apiVersion }) {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const models = group === 'monitoring.coreos.com' ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  return [models, group, version].filter((part) => part).join('/');
}

async function byValidators(name, object) {
  const Model = (await import(moduleOf(object)))[object.kind];
  if (!Model) return [`${name}: ${object.apiVersion} has no ${object.kind}`];
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    return [`${name}: ${error.message}`];
  }
}

function byTypes(entries) {
  const imports = entries.map(([, object], at) => `import type { I${object.kind} as T${at} } from '${moduleOf(object)}';`);
  const literals = entries.map(([, object], at) => `export const o${at}: T${at} = ${JSON.stringify(object)};`);
  const file = path.resolve('objects.ts');
  const text = [...imports, ...literals].join('\n');
  const options = { noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (wanted, ...rest) => (wanted === file ? ts.createSourceFile(wanted, text, ts.ScriptTarget.ES2022) : read(wanted, ...rest));
  host.fileExists = ((exists) => (wanted) => wanted === file || exists(wanted))(host.fileExists.bind(host));
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options, host)).map((found) => {
    const at = found.file ? found.file.getLineAndCharacterOfPosition(found.start).line - entries.length : -1;
    const whose = at >= 0 ? entries[at][0] : 'types';
    return `${whose}: ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`;
  });
}

const found = (await Promise.all(objects.map(([name, object]) => byValidators(name, object)))).flat();
console.log([...found, ...byTypes(objects)].join('\n'));
