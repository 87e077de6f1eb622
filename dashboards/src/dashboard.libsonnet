// SPDX-License-Identifier: Apache-2.0
// What the four dashboards have in common: variables, links to each other, annotations, and a grid that panels fill in order.
local meaning = import 'meaning.libsonnet';

local datasource = { type: 'prometheus', uid: '${datasource}' };
local selector = '{job=~"$job", instance=~"$instance"}';
local titles = {
  'keyshift-overview': 'Overview',
  'keyshift-auth': 'Authentication',
  'keyshift-keys': 'Keys',
  'keyshift-exporter': 'Exporter',
};

local label_variable(name, label, query) = {
  type: 'query',
  name: name,
  label: label,
  datasource: datasource,
  definition: query,
  query: { query: query, refId: 'variable-' + name, qryType: 1 },
  multi: true,
  includeAll: true,
  allValue: '.+',
  current: { selected: true, text: ['All'], value: ['$__all'] },
  refresh: 2,
  sort: 1,
  hide: 0,
  options: [],
  regex: '',
  skipUrlSync: false,
};

// The label by which series and rows say of which keyshift they are: none that there is while there is only one.
local several = 'count(count by (job, instance) (keyshift_build_info{job=~"$job", instance=~"$instance"}))';
local whose = 'query_result(label_replace(%s > 1, "label", "instance", "", "") or label_replace(%s == 1, "label", "only_one", "", ""))' % [several, several];

local variables = [
  {
    type: 'datasource',
    name: 'datasource',
    label: 'Data source',
    query: 'prometheus',
    current: {},
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
    regex: '',
    skipUrlSync: false,
  },
  label_variable('job', 'Job', 'label_values(keyshift_build_info, job)'),
  label_variable('instance', 'Instance', 'label_values(keyshift_build_info{job=~"$job"}, instance)'),
  {
    type: 'query',
    name: 'whose',
    label: 'Told apart by',
    datasource: datasource,
    definition: whose,
    query: { query: whose, refId: 'variable-whose', qryType: 3 },
    multi: false,
    includeAll: false,
    current: { selected: false, text: 'only_one', value: 'only_one' },
    refresh: 2,
    sort: 0,
    hide: 2,
    options: [],
    regex: '/label="([a-z_]+)"/',
    skipUrlSync: true,
  },
];

local annotation(name, colour, step, expr, text) = {
  name: name,
  datasource: datasource,
  enable: true,
  hide: false,
  iconColor: colour,
  expr: expr,
  step: step,
  titleFormat: name,
  textFormat: text,
  tagKeys: 'instance',
  useValueForTime: false,
};

// An event is looked for in steps that fit the time range of the dashboard.
local annotations(step) = [
  annotation(
    'Deleted while in use',
    meaning.harm,
    step,
    'increase(keyshift_phase_transitions_total{job=~"$job", instance=~"$instance", phase="retired_in_use"}[%s]) > 0' % step,
    'a legacy key was deleted while it was in use'
  ),
  annotation(
    'New legacy key',
    meaning.act,
    step,
    'increase(keyshift_legacy_keys_created_total%s[%s]) > 0' % [selector, step],
    'somebody created a key without a lookup hash'
  ),
  annotation(
    'Configuration reloaded',
    meaning.neutral,
    step,
    'keyshift_config_last_reload_success_timestamp_seconds%s * 1000' % selector,
    'keyshift was started or its configuration read again'
  ) + { useValueForTime: true },
  annotation(
    'Statistics reset',
    meaning.waiting,
    step,
    'increase(keyshift_source_resets_total%s[%s]) > 0' % [selector, step],
    'counters of {{source}} began anew'
  ),
  annotation(
    'Brownout or cutover',
    meaning.act,
    step,
    'keyshift_mark_timestamp_seconds%s * 1000' % selector,
    '{{mark}}, as an operator has marked it'
  ) + { useValueForTime: true },
];

local link(uid, prefix) = {
  type: 'link',
  title: titles[uid],
  url: '/d/' + uid,
  icon: 'dashboard',
  tooltip: prefix + titles[uid],
  includeVars: true,
  keepTime: false,
  asDropdown: false,
  targetBlank: false,
  tags: [],
};

local runbooks_at(url) = {
  type: 'link',
  title: 'Runbooks',
  url: url,
  icon: 'doc',
  tooltip: 'What each alert means, and what to do',
  includeVars: false,
  keepTime: false,
  asDropdown: false,
  targetBlank: true,
  tags: [],
};

// `sized` are [panel, width, height]; rows and panels that do not fit into the line begin a new one.
local placed(sized) =
  std.foldl(
    function(done, item)
      local panel = item[0], width = item[1], height = item[2];
      local wraps = panel.type == 'row' || done.x + width > 24;
      local x = if wraps then 0 else done.x;
      local y = if wraps then done.y + done.height else done.y;
      {
        x: x + width,
        y: y,
        height: if wraps then height else std.max(done.height, height),
        panels: done.panels + [panel { id: std.length(done.panels) + 1, gridPos: { x: x, y: y, w: width, h: height } }],
      },
    sized,
    { x: 0, y: 0, height: 0, panels: [] }
  ).panels;

{
  new(uid, description, from, step, settings, sized):: {
    uid: uid,
    title: settings.dashboards.title_prefix + titles[uid],
    description: description,
    tags: settings.dashboards.tags,
    editable: false,
    schemaVersion: 39,
    version: 1,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: from, to: 'now' },
    timepicker: {},
    timezone: 'browser',
    weekStart: '',
    fiscalYearStartMonth: 0,
    links: [link(other, settings.dashboards.title_prefix) for other in std.objectFields(titles) if other != uid] + [runbooks_at(settings.runbooks)],
    annotations: { list: annotations(step) },
    templating: { list: variables },
    panels: placed(sized),
  },
}
