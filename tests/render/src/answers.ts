// SPDX-License-Identifier: Apache-2.0
// What Prometheus has answered, as the data frames that Grafana's data source for Prometheus makes of it.
import { type DataFrame, type Field, FieldType, type Labels } from '@grafana/data';

export interface Series {
  metric: Labels;
  value?: [number, string];
  values?: Array<[number, string]>;
}

export interface Answer {
  refId: string;
  legendFormat: string;
  table: boolean;
  stepSeconds: number;
  series: Series[];
}

export function framesOf(answers: Answer[]): DataFrame[] {
  const severalTables = answers.filter((answer) => answer.table).length > 1;
  return answers.flatMap((answer) =>
    answer.table ? table(answer, severalTables) : answer.series.map((series) => timeSeries(answer, series))
  );
}

function samples(series: Series): Array<[number, string]> {
  return series.values ?? (series.value ? [series.value] : []);
}

function timeSeries(answer: Answer, series: Series): DataFrame {
  const { __name__, ...labels } = series.metric;
  const points = samples(series);
  const time: Field = {
    name: 'Time',
    type: FieldType.time,
    config: { interval: answer.stepSeconds * 1000 },
    values: points.map(([seconds]) => seconds * 1000),
  };
  const value: Field = {
    name: 'Value',
    type: FieldType.number,
    labels,
    config: { displayNameFromDS: nameOf(answer, series) },
    values: points.map(([, text]) => Number(text)),
  };
  return { refId: answer.refId, name: nameOf(answer, series), fields: [time, value], length: points.length };
}

// As the data source's backend names a series: a label that it lacks is nothing. Without a legend it is the metric with its labels.
function nameOf(answer: Answer, series: Series): string {
  if (answer.legendFormat) {
    return answer.legendFormat.replace(/\{\{(.+?)\}\}/g, (_, label) => series.metric[label.trim()] ?? '').trim();
  }
  const { __name__ = '', ...labels } = series.metric;
  return `${__name__}{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(', ')}}`;
}

function table(answer: Answer, several: boolean): DataFrame[] {
  if (!answer.series.length) {
    return [];
  }
  const labels = [...new Set(answer.series.flatMap((series) => Object.keys(series.metric)))].sort();
  const points = answer.series.map((series) => samples(series)[0] ?? [0, 'NaN']);
  const column = (name: string, type: FieldType, values: unknown[]): Field => ({ name, type, config: {}, values });
  const fields = [
    column('Time', FieldType.time, points.map(([seconds]) => seconds * 1000)),
    ...labels.map((label) => column(label, FieldType.string, answer.series.map((series) => series.metric[label] ?? ''))),
    column(several ? `Value #${answer.refId}` : 'Value', FieldType.number, points.map(([, text]) => Number(text))),
  ];
  return [{ refId: answer.refId, fields, length: points.length }];
}
