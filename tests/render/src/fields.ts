// SPDX-License-Identifier: Apache-2.0
// Units, thresholds, mappings and overrides, applied by Grafana's own functions. Which options there are, only the whole of
// Grafana registers: here those that dashboards of this project use.
import {
  type DataFrame,
  type FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type GrafanaTheme2,
  applyFieldOverrides,
  createFieldConfigRegistry,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  getValueFormats,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  transformDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

const STANDARD: Record<string, FieldConfigPropertyItem['process']> = {
  color: identityOverrideProcessor,
  decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  links: dataLinksOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  max: numberOverrideProcessor,
  min: numberOverrideProcessor,
  noValue: stringOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  unit: unitOverrideProcessor,
};

const CUSTOM = [
  'align', 'axisGridShow', 'axisPlacement', 'axisSoftMin', 'axisWidth', 'cellOptions', 'drawStyle', 'filterable', 'fillOpacity', 'gradientMode',
  'inspect', 'lineInterpolation', 'lineStyle', 'lineWidth', 'minWidth', 'scaleDistribution', 'showPoints', 'spanNulls', 'stacking',
  'thresholdsStyle', 'width',
];

const TRANSFORMERS = {
  filterFieldsByName: standardTransformers.filterFieldsByNameTransformer,
  joinByField: standardTransformers.joinByFieldTransformer,
  merge: standardTransformers.mergeTransformer,
  organize: standardTransformers.organizeFieldsTransformer,
};

function option(id: string, path: string, process: FieldConfigPropertyItem['process'], isCustom: boolean): FieldConfigPropertyItem {
  const unused = () => null;
  return { id, path, name: id, process, isCustom, shouldApply: () => true, editor: unused, override: unused };
}

let registry: FieldConfigOptionsRegistry;

export function registerOptions(): void {
  standardFieldConfigEditorRegistry.setInit(() => Object.entries(STANDARD).map(([id, process]) => option(id, id, process, false)));
  standardTransformersRegistry.setInit(() =>
    Object.values(TRANSFORMERS).map((transformation) => ({
      id: transformation.id, name: transformation.name, transformation, editor: () => null, imageDark: '', imageLight: '',
    }))
  );
  registry = createFieldConfigRegistry({}, 'dashboard');
  for (const name of CUSTOM) {
    registry.register(option(`custom.${name}`, name, identityOverrideProcessor, true));
  }
}

// What the panel's options name and nothing knows: a fault of the dashboard, or of the lists above.
export function unknownOptions(fieldConfig: FieldConfigSource, transformations: Array<{ id: string }>): string[] {
  const used = Object.keys(fieldConfig.defaults).filter((name) => name !== 'custom');
  used.push(...Object.keys(fieldConfig.defaults.custom ?? {}).map((name) => `custom.${name}`));
  used.push(...fieldConfig.overrides.flatMap((override) => override.properties.map((property) => property.id)));
  const unknown = [...new Set(used)].filter((id) => !registry.getIfExists(id)).map((id) => `option ${id}`);
  return unknown.concat(transformations.filter(({ id }) => !(id in TRANSFORMERS)).map(({ id }) => `transformation ${id}`));
}

const FREE_UNIT = /^(suffix|prefix|time|si|count|currency|bool):.+/;

export function unknownUnits(fieldConfig: FieldConfigSource): string[] {
  const known = new Set(getValueFormats().flatMap((category) => category.submenu.map((unit) => unit.value)));
  const properties = fieldConfig.overrides.flatMap((override) => override.properties);
  const units = [fieldConfig.defaults.unit, ...properties.filter(({ id }) => id === 'unit').map(({ value }) => value)];
  return units.filter((unit): unit is string => Boolean(unit) && !known.has(unit) && !FREE_UNIT.test(unit));
}

export async function displayed(
  frames: DataFrame[],
  transformations: Array<{ id: string; options?: unknown }>,
  fieldConfig: FieldConfigSource,
  theme: GrafanaTheme2
): Promise<DataFrame[]> {
  const chosen = transformations.map(({ id, options = {} }) => ({ id, options }));
  const transformed = await firstValueFrom(transformDataFrame(chosen, frames));
  return applyFieldOverrides({
    data: transformed, fieldConfig, fieldConfigRegistry: registry, replaceVariables: (text) => text, theme, timeZone: 'utc',
  });
}
