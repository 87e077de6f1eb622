// SPDX-License-Identifier: Apache-2.0
// One panel's content. Stat, bar gauge, table and time series are Grafana's own; gauge and state timeline, of which Grafana
// publishes no complete part, are drawn here from the texts and colours that its functions compute.
import {
  type DataFrame,
  type FieldConfigSource,
  type FieldDisplay,
  type GrafanaTheme2,
  type TimeRange,
  VizOrientation,
  formattedValueToString,
  getDisplayValueAlignmentFactors,
  getFieldDisplayName,
  getFieldDisplayValues,
} from '@grafana/data';
import type { BarGaugeDisplayMode } from '@grafana/schema';
import { BarGauge, BigValue, BigValueGraphMode, Table, TimeSeries, VizRepeater, type VizRepeaterRenderValueProps } from '@grafana/ui';
import { StateTimeline } from './state_timeline';

export interface Drawn {
  type: string;
  options: any;
  fieldConfig: FieldConfigSource;
  frames: DataFrame[];
  range: TimeRange;
  theme: GrafanaTheme2;
  width: number;
  height: number;
}

export function Visualization(panel: Drawn) {
  switch (panel.type) {
    case 'stat':
      return <Values {...panel} draw={(value) => <Stat {...panel} {...value} />} />;
    case 'bargauge':
      return <Values {...panel} draw={(value) => <Bar {...panel} {...value} />} />;
    case 'gauge':
      return <Values {...panel} draw={(value) => <Arc {...value} />} />;
  }
  if (!panel.frames.some((frame) => frame.length)) {
    return <Empty {...panel} />;
  }
  switch (panel.type) {
    case 'timeseries':
      return <Lines {...panel} />;
    case 'table':
      return <Rows {...panel} />;
    case 'state-timeline':
      return <StateTimeline {...panel} />;
  }
  throw new Error(`panels of type ${panel.type} cannot be drawn here`);
}

type One = VizRepeaterRenderValueProps<FieldDisplay, any>;

function Values({ draw, ...panel }: Drawn & { draw: (value: One) => JSX.Element }) {
  const values = () =>
    getFieldDisplayValues({
      fieldConfig: panel.fieldConfig,
      reduceOptions: panel.options.reduceOptions,
      replaceVariables: (text: string) => text,
      theme: panel.theme,
      data: panel.frames,
      sparkline: panel.options.graphMode === BigValueGraphMode.Area,
      timeZone: 'utc',
    });
  const several = panel.frames.length > 1;
  return (
    <VizRepeater<FieldDisplay, any>
      getValues={values}
      getAlignmentFactors={(all: FieldDisplay[]) => getDisplayValueAlignmentFactors(all)}
      renderValue={draw}
      width={panel.width}
      height={panel.height}
      source={panel.frames}
      renderCounter={0}
      autoGrid={panel.type === 'stat'}
      itemSpacing={panel.type === 'stat' ? 3 : 8}
      minVizWidth={panel.options.minVizWidth}
      minVizHeight={panel.options.minVizHeight}
      maxVizHeight={panel.options.maxVizHeight}
      orientation={panel.type === 'gauge' && !several ? VizOrientation.Vertical : panel.options.orientation}
    />
  );
}

function Stat(panel: Drawn & One) {
  const { value, options } = panel;
  // The title of a panel says what its only value is.
  const textMode = options.textMode === 'auto' && panel.count === 1 ? 'value' : options.textMode;
  return (
    <BigValue
      value={value.display}
      count={panel.count}
      sparkline={value.sparkline}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={textMode}
      text={options.text}
      alignmentFactors={panel.alignmentFactors}
      width={panel.width}
      height={panel.height}
      theme={panel.theme}
    />
  );
}

function Bar(panel: Drawn & One) {
  const { value, options } = panel;
  return (
    <BarGauge
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
      displayMode={options.displayMode as BarGaugeDisplayMode}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      showUnfilled={options.showUnfilled}
      text={options.text}
      alignmentFactors={panel.alignmentFactors}
      orientation={panel.orientation}
      isOverflow={false}
      width={panel.width}
      height={panel.height}
      theme={panel.theme}
    />
  );
}

function Arc({ value, width, height }: One) {
  const { text, color, numeric } = { color: 'grey', ...value.display, text: formattedValueToString(value.display) };
  const [min, max] = [value.field.min ?? 0, value.field.max ?? 1];
  const share = Number.isNaN(numeric) ? 0 : Math.min(1, Math.max(0, (numeric - min) / (max - min)));
  const arc = 'M 10 55 A 40 40 0 0 1 90 55';
  return (
    <svg width={width} height={height} viewBox="0 0 100 62">
      <path d={arc} pathLength={1} fill="none" stroke="grey" strokeOpacity={0.25} strokeWidth={12} />
      <path d={arc} pathLength={1} fill="none" stroke={color} strokeWidth={12} strokeDasharray={`${share} 2`} />
      <text x={50} y={52} textAnchor="middle" fill={color} fontSize={Math.min(18, 110 / text.length)}>
        {text}
      </text>
    </svg>
  );
}

function Lines({ frames, options, range, width, height }: Drawn) {
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      timeRange={range}
      timeZone="utc"
      width={width}
      height={height}
      legend={options.legend}
      options={options}
    />
  );
}

function Rows({ frames, fieldConfig, options, width, height }: Drawn) {
  const frame = frames[0];
  const name = (title: string) => frame.fields.find((field) => getFieldDisplayName(field, frame) === title);
  const sorted = options.sortBy.filter((each: { displayName: string }) => name(each.displayName));
  return (
    <Table
      data={frame}
      width={width}
      height={height}
      noHeader={!options.showHeader}
      cellHeight={options.cellHeight}
      initialSortBy={sorted}
      fieldConfig={fieldConfig}
    />
  );
}

// As Grafana says it for a panel that has nothing to show.
function Empty({ fieldConfig, width, height }: Drawn) {
  const text = fieldConfig.defaults.noValue ?? 'No data';
  return (
    <div style={{ width, height, display: 'flex', alignItems: 'center', justifyContent: 'center' }}>
      <div style={{ textAlign: 'center', fontSize: 18, opacity: 0.7, maxWidth: '100%' }}>{text}</div>
    </div>
  );
}
