// SPDX-License-Identifier: Apache-2.0
// Lays the panels of one dashboard out as Grafana does, and says what is wrong with each.
import { Component, type ReactNode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { type DataFrame, type TimeRange, ThemeContext, createTheme, dateTime } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { type Answer, framesOf } from './answers';
import { cutTexts, watchCanvases } from './faults';
import { displayed, registerOptions, unknownOptions, unknownUnits } from './fields';
import { Visualization } from './visualization';

interface Input {
  dashboard: { title: string; panels: Panel[] };
  answers: Record<string, Answer[]>;
  errors: Record<string, string>;
  range: { from: number; to: number };
  theme: 'light' | 'dark';
}

export interface Fault {
  panel: string;
  what: string;
}

const COLUMNS = 24;
const ROW_PIXELS = 30;
const GAP_PIXELS = 8;
const HEADING_PIXELS = 56;

const faults: Fault[] = [];
const note = (panel: string, what: string) => {
  if (!faults.some((fault) => fault.panel === panel && fault.what === what)) {
    faults.push({ panel, what });
  }
};

class Guard extends Component<{ title: string; children: ReactNode }, { failed: boolean }> {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  componentDidCatch(error: Error) {
    note(this.props.title, `errs: ${error.message}`);
  }

  render() {
    return this.state.failed ? 'An error' : this.props.children;
  }
}

function Dashboard({ input, width }: { input: Input; width: number }) {
  const { panels } = input.dashboard;
  const bottom = Math.max(...panels.map(({ gridPos }) => gridPos!.y + gridPos!.h));
  return (
    <div style={{ position: 'relative', width, height: HEADING_PIXELS + bottom * (ROW_PIXELS + GAP_PIXELS) }}>
      <h2 style={{ padding: '16px 8px' }}>{input.dashboard.title}</h2>
      {panels.map((panel) => (
        <Cell key={panel.id} panel={panel} input={input} column={(width - GAP_PIXELS) / COLUMNS} />
      ))}
    </div>
  );
}

function Cell({ panel, input, column }: { panel: Panel; input: Input; column: number }) {
  const { x, y, w, h } = panel.gridPos!;
  const title = panel.title ?? '';
  const [width, height] = [w * column - GAP_PIXELS, h * (ROW_PIXELS + GAP_PIXELS) - GAP_PIXELS];
  const place = { position: 'absolute', left: x * column + GAP_PIXELS, top: HEADING_PIXELS + y * (ROW_PIXELS + GAP_PIXELS), width, height } as const;
  if ((panel.type as string) === 'row') {
    return <h4 style={{ ...place, lineHeight: `${height}px` }} data-row={title}>{title}</h4>;
  }
  return (
    <div style={place} data-panel={title}>
      <Guard title={title}>
        <PanelChrome title={title} description={panel.description} width={width} height={height}>
          {(innerWidth, innerHeight) => (
            <Guard title={title}>
              <Content panel={panel} input={input} width={innerWidth} height={innerHeight} />
            </Guard>
          )}
        </PanelChrome>
      </Guard>
    </div>
  );
}

function Content({ panel, input, width, height }: { panel: Panel; input: Input; width: number; height: number }) {
  const [frames, setFrames] = useState<DataFrame[] | Error>();
  const theme = createTheme({ colors: { mode: input.theme } });
  const fieldConfig = panel.fieldConfig as any;
  useEffect(() => {
    displayed(framesOf(input.answers[panel.id!] ?? []), panel.transformations ?? [], fieldConfig, theme).then(setFrames, setFrames);
  }, []);
  if (frames instanceof Error) {
    throw frames;
  }
  if (!frames) {
    return null;
  }
  const range: TimeRange = { from: dateTime(input.range.from), to: dateTime(input.range.to), raw: { from: 'now-1h', to: 'now' } };
  return <Visualization type={panel.type} options={panel.options} {...{ fieldConfig, frames, range, theme, width, height }} />;
}

function check(input: Input): void {
  for (const panel of input.dashboard.panels.filter((each) => (each.type as string) !== 'row')) {
    const [title, fieldConfig] = [panel.title ?? '', panel.fieldConfig as any];
    unknownUnits(fieldConfig).forEach((unit) => note(title, `has a unit that Grafana does not know: ${unit}`));
    unknownOptions(fieldConfig, panel.transformations ?? []).forEach((what) => note(title, `has an unknown ${what}`));
    const drawn = document.querySelector(`[data-panel="${CSS.escape(title)}"]`)!;
    const hasData = (input.answers[panel.id!] ?? []).some(({ series }) => series.length);
    const empty = ['No data', fieldConfig.defaults.noValue].find((text) => text && drawn.textContent!.includes(text));
    if (hasData && empty) {
      note(title, `has data and says "${empty}"`);
    }
    if (!hasData && !input.errors[panel.id!]) {
      note(title, 'has no data');
    }
    if (input.errors[panel.id!]) {
      note(title, `errs: ${input.errors[panel.id!]}`);
    }
    cutTexts(drawn).forEach((what) => note(title, what));
  }
}

async function frames(count: number): Promise<void> {
  for (let frame = 0; frame < count; frame++) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

async function draw(input: Input): Promise<Fault[]> {
  const theme = createTheme({ colors: { mode: input.theme } });
  document.body.style.background = theme.colors.background.canvas;
  const root = createRoot(document.getElementById('root')!);
  const page = (content: ReactNode) => (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      {content}
    </ThemeContext.Provider>
  );
  root.render(page(null));
  await frames(2);
  // Grafana's parts measure texts while they are drawn: the font has to be there.
  await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`)));
  root.render(page(<Dashboard input={input} width={document.documentElement.clientWidth} />));
  await frames(30);
  check(input);
  return faults;
}

watchCanvases();
registerOptions();
Object.assign(window, { draw });
