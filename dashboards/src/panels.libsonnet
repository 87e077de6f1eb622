// SPDX-License-Identifier: Apache-2.0
// Panels of Grafana, each with a title, a description, a unit, queries, and what it says when there is no data.
local meaning = import 'meaning.libsonnet';

local datasource = { type: 'prometheus', uid: '${datasource}' };

// Series are named, and rows of tables told apart, by their instance only while there are several: the variable `whose` is the label that
// says it, see dashboard.libsonnet.
local whose = '{{$whose}}';

// With `interval`, such as '1d', a query has one point for each, and grows within $__interval: $__rate_interval would be
// four times as long then. A query is written with braces after each metric, and gets the selectors of the dashboard's variables there.
local scoped(expr) =
  std.strReplace(std.strReplace(expr, '{', '{job=~"$job", instance=~"$instance", '), ', }', '}');

// Also what has no job or no instance, as an alert that nobody is there.
local anywhere(expr) = std.strReplace(std.strReplace(scoped(expr), '"$job"', '"$job|"'), '"$instance"', '"$instance|"');

local target(query, index) = {
  datasource: datasource,
  editorMode: 'code',
  expr: if 'anywhere' in query && query.anywhere then anywhere(query.expr) else scoped(query.expr),
  legendFormat: if 'legend' in query then std.strReplace(query.legend, '{{instance}}', whose) else whose,
  instant: 'instant' in query && query.instant,
  range: !self.instant,
  format: if 'table' in query && query.table then 'table' else 'time_series',
  refId: std.char(std.codepoint('A') + index),
} + if 'interval' in query then { interval: query.interval } else {};

// Otherwise it would have the colour of the lowest threshold, which says something.
local without_data(text) = { type: 'special', options: { match: 'null', result: { text: text, color: meaning.no_data, index: 0 } } };

local panel(type, title, description, unit, queries, empty) = {
  type: type,
  title: title,
  description: description,
  datasource: datasource,
  targets: std.mapWithIndex(function(index, query) target(query, index), queries),
  fieldConfig: {
    defaults: {
      unit: unit,
      noValue: empty,
      color: { mode: 'fixed', fixedColor: 'text' },
      mappings: if std.member(['stat', 'gauge', 'bargauge'], type) then [without_data(empty)] else [],
      thresholds: { mode: 'absolute', steps: [{ color: 'text', value: null }] },
      custom: {},
    },
    overrides: [],
  },
  options: {},
};

local last = { calcs: ['lastNotNull'], fields: '', values: false };

local override(matcher, options, properties) = {
  matcher: { id: matcher, options: options },
  properties: [{ id: name, value: properties[name] } for name in std.objectFields(properties)],
};

local fixed(colour) = { mode: 'fixed', fixedColor: colour };

{
  stat(title, description, unit, expr, empty, legend='{{instance}}'):: panel('stat', title, description, unit, [{ expr: expr, legend: legend, instant: true }], empty) + {
    options: {
      colorMode: 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      reduceOptions: last,
      textMode: 'auto',
      wideLayout: true,
      showPercentChange: false,
    },
  },

  // Its value over the time range, small, below the last one.
  sparkline(title, description, unit, expr, empty):: self.stat(title, description, unit, expr, empty) + {
    targets: [target({ expr: expr }, 0)],
    options+: { graphMode: 'area' },
  },

  // What one label of its series says. By its name a series would say nothing at all where there is none.
  text(title, description, expr, label, empty):: self.stat(title, description, 'none', expr, empty) + {
    targets: [target({ expr: expr, instant: true, table: true }, 0)],
    options+: { textMode: 'value', reduceOptions: { calcs: [], fields: '/^%s$/' % label, values: true } },
  },

  // The one series that is 1 tells by its label; colours by that label.
  one_of(title, description, expr, label, colours, empty, words={}):: self.text(title, description, expr, label, empty) + {
    fieldConfig+: {
      defaults+: {
        mappings+: [{
          type: 'value',
          options: {
            [text]: { text: if text in words then words[text] else text, color: colours[text] }
            for text in std.objectFields(colours)
          },
        }],
      },
    },
  },

  gauge(title, description, unit, expr, empty):: panel('gauge', title, description, unit, [{ expr: expr, instant: true }], empty) + {
    options: {
      reduceOptions: last,
      orientation: 'auto',
      showThresholdLabels: false,
      showThresholdMarkers: false,
      sizing: 'auto',
      minVizWidth: 75,
      minVizHeight: 75,
    },
  } + { fieldConfig+: { defaults+: { min: 0, max: 1 } } },

  bars(title, description, unit, expr, empty, legend):: panel('bargauge', title, description, unit, [{ expr: expr, legend: legend, instant: true }], empty) + {
    options: {
      displayMode: 'basic',
      orientation: 'horizontal',
      reduceOptions: last,
      showUnfilled: true,
      valueMode: 'color',
      namePlacement: 'left',
      sizing: 'auto',
      minVizHeight: 16,
      minVizWidth: 8,
      maxVizHeight: 28,
    },
    fieldConfig+: { defaults+: { min: 0 } },
  },

  series(title, description, unit, queries, empty):: panel('timeseries', title, description, unit, queries, empty) + {
    fieldConfig+: {
      defaults+: {
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: 'line',
          lineInterpolation: 'linear',
          lineWidth: 2,
          fillOpacity: 0,
          gradientMode: 'none',
          showPoints: 'never',
          spanNulls: false,
          axisPlacement: 'auto',
          axisSoftMin: 0,
          scaleDistribution: { type: 'linear' },
          stacking: { mode: 'none', group: 'A' },
          thresholdsStyle: { mode: 'off' },
          lineStyle: { fill: 'solid' },
        },
      },
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  },

  table(title, description, unit, queries, empty):: panel('table', title, description, unit, [query { instant: true, table: true } for query in queries], empty) + {
    fieldConfig+: {
      defaults+: { custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, filterable: true } },
    },
    options: {
      cellHeight: 'sm',
      showHeader: true,
      sortBy: [],
    },
  },

  timeline(title, description, queries, empty):: panel('state-timeline', title, description, 'none', queries, empty) + {
    fieldConfig+: { defaults+: { custom: { lineWidth: 0, fillOpacity: 80 }, color: { mode: 'thresholds' } } },
    options: {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.8,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
  },

  // What is added to a panel:
  colour(colour):: { fieldConfig+: { defaults+: { color: fixed(colour) } } },

  colours(by_name):: {
    fieldConfig+: { overrides+: [override('byName', name, { color: fixed(by_name[name]) }) for name in std.objectFields(by_name)] },
  },

  // Of all series of one query, by its letter.
  colour_of(letter, colour, dashed=false):: {
    fieldConfig+: {
      overrides+: [override('byFrameRefID', letter, {
        color: fixed(colour),
        'custom.lineStyle': if dashed then { fill: 'dash', dash: [8, 8] } else { fill: 'solid' },
      })],
    },
  },

  // Steps are [colour, from] pairs, the first from null: only where somebody has to decide.
  thresholds(steps):: {
    fieldConfig+: {
      defaults+: {
        color: { mode: 'thresholds' },
        thresholds: { mode: 'absolute', steps: [{ color: step[0], value: step[1] } for step in steps] },
      },
    },
  },

  // Lines in a time series, whose colours stay those of its series.
  lines(steps):: {
    fieldConfig+: {
      defaults+: {
        custom+: { thresholdsStyle: { mode: 'dashed' } },
        thresholds: { mode: 'absolute', steps: [{ color: step[0], value: step[1] } for step in steps] },
      },
    },
  },

  filled:: { options+: { colorMode: 'background' } },

  // Words and colours for values: {'1': ['up', 'green'], ...}
  words(by_value):: {
    fieldConfig+: {
      defaults+: {
        mappings+: [{
          type: 'value',
          options: {
            [value]: { text: by_value[value][0], color: by_value[value][1], index: index }
            for index in std.range(0, std.length(by_value) - 1)
            for value in [std.objectFields(by_value)[index]]
          },
        }],
      },
    },
  },

  stacked:: {
    fieldConfig+: { defaults+: { custom+: { stacking: { mode: 'normal', group: 'A' }, fillOpacity: 60, lineWidth: 0 } } },
  },

  daily_bars:: {
    fieldConfig+: { defaults+: { custom+: { drawStyle: 'bars', stacking: { mode: 'normal', group: 'A' }, fillOpacity: 80, lineWidth: 0 } } },
  },

  decimals(count):: { fieldConfig+: { defaults+: { decimals: count } } },

  // Which columns a table has, in this order, under which names; all others are hidden.
  columns(names):: {
    transformations+: [
      { id: 'filterFieldsByName', options: { include: { names: [name[0] for name in names] } } },
      {
        id: 'organize',
        options: {
          excludeByName: {},
          indexByName: { [names[index][0]]: index for index in std.range(0, std.length(names) - 1) },
          renameByName: { [name[0]]: name[1] for name in names },
        },
      },
    ],
  },

  // As a column `whose`, the instance of each row while there are several.
  by_instance(expr):: 'sum without (instance) (label_replace(%s, "whose", "$1", "$whose", "(.+)"))' % expr,

  // What is more than 0, and a word in place of the label where nothing is: 0 does not look as if nothing were known.
  or_none(expr, label, word):: '%s > 0 or label_replace(sum(%s) == 0, "%s", "%s", "", "")' % [expr, expr, label, word],

  // Letters of this height, in pixels, in place of as large as there is room for.
  letters(height):: { options+: { text: { valueSize: height } } },

  // Rows of several queries become one row where all their labels agree.
  merged:: { transformations+: [{ id: 'merge', options: {} }] },

  // One query each, in this order.
  each(queries):: { targets: std.mapWithIndex(function(index, query) target(query { instant: true }, index), queries) },

  sorted_by(column, descending=true):: { options+: { sortBy: [{ displayName: column, desc: descending }] } },

  // One column of a table: its unit, words for its texts ({'text': 'other text'}), or a link.
  column(name, properties):: { fieldConfig+: { overrides+: [override('byName', name, properties)] } },

  texts(by_text):: [{ type: 'value', options: { [text]: { text: by_text[text] } for text in std.objectFields(by_text) } }],

  leads_to(title, url):: { fieldConfig+: { defaults+: { links: [{ title: title, url: url, targetBlank: false }] } } },

  row(title):: { type: 'row', title: title, collapsed: false, panels: [] },
}
