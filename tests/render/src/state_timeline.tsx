// SPDX-License-Identifier: Apache-2.0
import { type DataFrame, type Field, FieldType, dateTimeFormat, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { measureText } from '@grafana/ui';
import type { Drawn } from './visualization';

interface Stretch {
  from: number;
  to: number;
  text: string;
  colour?: string;
}

const AXIS_HEIGHT = 20;
const LABEL_PIXELS = 12;
const MOST_FOR_LABELS = 0.5;
const GAP_STEPS = 2;

// One row a series; neighbours with the same text are one stretch.
export function StateTimeline({ frames, options, range, width, height, theme }: Drawn) {
  const rows = frames.map((frame) => ({ name: nameOf(frame, frames), stretches: stretches(frame) }));
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const longest = Math.max(...rows.map(({ name }) => measureText(name, LABEL_PIXELS).width));
  const labels = Math.min(width * MOST_FOR_LABELS, longest + 16);
  const rowHeight = (height - AXIS_HEIGHT) / rows.length;
  const x = (time: number) => ((Math.min(Math.max(time, from), to) - from) / (to - from)) * (width - labels);
  const box = { position: 'absolute', overflow: 'hidden', whiteSpace: 'nowrap', fontSize: LABEL_PIXELS } as const;
  return (
    <div style={{ position: 'relative', width, height }}>
      {rows.map(({ name, stretches }, row) => (
        <div key={name} style={{ position: 'absolute', top: row * rowHeight, height: rowHeight, width }}>
          <div style={{ ...box, width: labels - 8, lineHeight: `${rowHeight}px`, textAlign: 'right' }}>{name}</div>
          {stretches.map(({ from, to, text, colour }) => (
            <div
              key={from}
              style={{
                ...box, left: labels + x(from), width: x(to) - x(from), top: (rowHeight * (1 - options.rowHeight)) / 2,
                height: rowHeight * options.rowHeight, lineHeight: `${rowHeight * options.rowHeight}px`, background: colour,
                paddingLeft: 4, color: colour && theme.colors.getContrastText(colour),
              }}
            >
              {x(to) - x(from) > 8 * text.length + 8 ? text : ''}
            </div>
          ))}
        </div>
      ))}
      <div style={{ ...box, left: labels, bottom: 0 }}>{dateTimeFormat(from, { format: 'HH:mm:ss', timeZone: 'utc' })}</div>
      <div style={{ ...box, right: 0, bottom: 0 }}>{dateTimeFormat(to, { format: 'HH:mm:ss', timeZone: 'utc' })}</div>
    </div>
  );
}

function valueField(frame: DataFrame): Field {
  return frame.fields.find((field) => field.type === FieldType.number)!;
}

function nameOf(frame: DataFrame, frames: DataFrame[]): string {
  return getFieldDisplayName(valueField(frame), frame, frames);
}

function stretches(frame: DataFrame): Stretch[] {
  const times = frame.fields.find((field) => field.type === FieldType.time)!;
  const values = valueField(frame);
  const step = times.config.interval ?? 0;
  const found: Stretch[] = [];
  times.values.forEach((time: number, index: number) => {
    const display = values.display!(values.values[index]);
    const text = formattedValueToString(display);
    const last = found[found.length - 1];
    if (last && last.text === text && time - last.to < GAP_STEPS * step) {
      last.to = time + step;
    } else {
      found.push({ from: time, to: time + step, text, colour: display.color });
    }
  });
  return found;
}
