// SPDX-License-Identifier: Apache-2.0
#include "journal/saved_evidence.hpp"

#include <charconv>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyshift::journal {
namespace {

using base::Duration;
using base::Time;
using domain::kEventCount;

constexpr std::string_view kUpSuffix = "_up";
constexpr std::string_view kErrors = "source_errors";
constexpr std::string_view kSum = "sum:";
constexpr std::string_view kOwn = "own:";
constexpr std::string_view kTotal = "total:";
constexpr std::string_view kMark = "mark:";
constexpr std::string_view kResets = "resets";
constexpr std::string_view kScanHits = "scan_hits";
constexpr std::string_view kUsesMark = "headline_uses_mark";
constexpr const char* kContradicted = "evidence_contradicted";
constexpr const char* kContradictedAt = "evidence_contradicted_at";
constexpr const char* kNewestUse = "last_use_newest";
constexpr const char* kUnwrittenSince = "last_use_unwritten_since";
constexpr const char* kStoodStill = "last_use_stood_still_at";
constexpr std::string_view kHeadline = "headline";
constexpr std::string_view kCoveredTableChanges = "covered_table_changes";
constexpr std::string_view kLines = "log_lines:";
constexpr const char* kSkew = "skew";
constexpr const char* kWatchedSince = "watched_since";
constexpr const char* kWatchedUntil = "watched_until";
constexpr const char* kWatchedEvery = "watched_every";

std::string join(std::string_view a, std::string_view b) {
    return std::string(a) + std::string(b);
}

std::string error_label(const std::string& source, base::Errc code) {
    return source + ":" + std::string(base::reason(code));
}

std::string text(std::optional<Time> t) {
    return t ? std::to_string(t->time_since_epoch().count()) : std::string();
}

std::int64_t number(const store::Facts& facts, const std::string& name) {
    const auto found = facts.find(name);
    std::int64_t value = 0;
    if (found != facts.end())
        std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
    return value;
}

std::optional<Time> time(const store::Facts& facts, const std::string& name) {
    const auto found = facts.find(name);
    if (found == facts.end() || found->second.empty()) return std::nullopt;
    return Time{Duration{number(facts, name)}};
}

/// Zeros too: another number may have been saved before.
template <class Numbers>
void save_numbers(const std::string& name, const Numbers& numbers, store::Counters& to) {
    for (std::size_t i = 0; i < kEventCount; ++i) {
        to[{name, std::string(event_name(domain::event_at(i)))}] = static_cast<std::uint64_t>(numbers.at(i));
    }
}

template <class Numbers>
void load_numbers(const std::string& name, const store::Counters& from, Numbers& numbers) {
    using Number = typename Numbers::value_type;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        const auto found = from.find({name, std::string(event_name(domain::event_at(i)))});
        if (found != from.end()) numbers.at(i) = static_cast<Number>(found->second);
    }
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : "\n") + name;
    return out;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        out.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return out;
}

std::string value(const store::Facts& facts, const std::string& name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string() : found->second;
}

/// A bit for each event, the last one first. A file of another version may list fewer: those it does not know
/// are not offered.
domain::Events load_countable(const std::string& bits) {
    if (bits.size() > kEventCount || bits.find_first_not_of("01") != std::string::npos) return {};
    return domain::Events(bits);
}

/// "from until scans" for each bin, by lines.
std::string text(const domain::PendingScans& scans) {
    std::string out;
    for (const domain::ScanBin& bin : scans.bins()) {
        out += (out.empty() ? "" : "\n") + text(bin.from) + ' ' + text(bin.until) + ' ' +
               std::to_string(bin.scans);
    }
    return out;
}

domain::PendingScans load_scans(const std::string& text) {
    std::vector<domain::ScanBin> bins;
    for (const std::string& line : split(text)) {
        std::istringstream numbers(line);
        std::int64_t from = 0;
        std::int64_t until = 0;
        domain::ScanBin bin;
        if (!(numbers >> from >> until >> bin.scans)) continue;
        bin.from = Time{Duration{from}};
        bin.until = Time{Duration{until}};
        bins.push_back(bin);
    }
    return domain::PendingScans(std::move(bins));
}

void save_source(const std::string& name, const domain::SourceCounts& counts, store::Facts& facts,
                 store::Counters& counters) {
    save_numbers(join(kSum, name), counts.sums, counters);
    save_numbers(join(kOwn, name), counts.own, counters);
    save_numbers(join(kTotal, name), counts.totals, counters);
    counters[{std::string(kResets), name}] = counts.resets;
    const std::string prefix = "source:" + name + ":";
    facts[prefix + "offers"] = counts.countable.to_string();
    facts[prefix + "counted_since"] = text(counts.counted_since);
    facts[prefix + "read_at"] = text(counts.read_at);
    facts[prefix + "complete_at"] = text(counts.complete_at);
    facts[prefix + "missing"] = joined(counts.missing);
    facts[prefix + "poll_every"] = std::to_string(counts.poll_every.count());
    facts[prefix + "lost_at"] = text(counts.lost_at);
    facts[prefix + "proved_since"] = text(counts.proof.since);
    facts[prefix + "at_work_at"] = text(counts.proof.at_work_at);
    facts[prefix + "ground"] = counts.proof.version;
    facts[prefix + "lapsed"] = counts.proof.lapsed;
    facts[prefix + "scans"] = text(counts.scans);
    counters[{std::string(kScanHits), name}] = counts.scan_hits;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        if (!counts.grew_at.at(i)) continue;
        facts[prefix + "grew:" + std::string(event_name(domain::event_at(i)))] = text(counts.grew_at.at(i));
    }
}

domain::SourceCounts load_source(const std::string& name, const store::Facts& facts,
                                 const store::Counters& counters) {
    domain::SourceCounts counts;
    load_numbers(join(kSum, name), counters, counts.sums);
    load_numbers(join(kOwn, name), counters, counts.own);
    load_numbers(join(kTotal, name), counters, counts.totals);
    if (const auto resets = counters.find({std::string(kResets), name}); resets != counters.end())
        counts.resets = resets->second;
    const std::string prefix = "source:" + name + ":";
    counts.countable = load_countable(facts.at(prefix + "offers"));
    counts.counted_since = time(facts, prefix + "counted_since");
    counts.read_at = time(facts, prefix + "read_at");
    counts.complete_at = time(facts, prefix + "complete_at");
    if (const auto missing = facts.find(prefix + "missing"); missing != facts.end())
        counts.missing = split(missing->second);
    counts.poll_every = Duration{number(facts, prefix + "poll_every")};
    counts.lost_at = time(facts, prefix + "lost_at");
    counts.proof.since = time(facts, prefix + "proved_since");
    counts.proof.at_work_at = time(facts, prefix + "at_work_at");
    counts.proof.version = value(facts, prefix + "ground");
    counts.proof.lapsed = value(facts, prefix + "lapsed");
    counts.scans = load_scans(value(facts, prefix + "scans"));
    if (const auto hits = counters.find({std::string(kScanHits), name}); hits != counters.end())
        counts.scan_hits = hits->second;
    for (std::size_t i = 0; i < kEventCount; ++i)
        counts.grew_at.at(i) = time(facts, prefix + "grew:" + std::string(event_name(domain::event_at(i))));
    return counts;
}

void save_status(const std::string& name, const domain::SourceStatus& status, store::Facts& facts,
                 store::Counters& counters) {
    if (status.up) facts[join(name, kUpSuffix)] = *status.up ? "1" : "0";
    facts[name + "_read_at"] = text(status.last_success_at);
    facts[name + "_not_measured"] = status.not_measured;
    for (const auto& [code, count] : status.errors)
        counters[{std::string(kErrors), error_label(name, code)}] = count;
}

template <class Archive, class Lines>
void describe_lines(Archive&& archive, Lines& lines) {
    archive("matched", lines.matched);
    archive("skipped", lines.skipped);
    archive("unparsed", lines.unparsed);
    archive("oversized", lines.oversized);
    archive("bytes", lines.bytes);
}

template <class Archive, class Answers>
void describe(Archive&& archive, Answers& answers) {
    archive("probe_refused_at", answers.refused_at);
    archive("probe_accepted_at", answers.accepted_at);
    archive("canary_accepted_at", answers.canary_accepted_at);
    archive("canary_refused_at", answers.canary_refused_at);
}

/// Failures of one source so far.
std::map<base::Errc, std::uint64_t> load_errors(const store::Counters& counters, const std::string& source) {
    std::map<base::Errc, std::uint64_t> out;
    for (const base::Errc code : domain::SourceStatus::kReasons) {
        const auto count = counters.find({std::string(kErrors), error_label(source, code)});
        if (count != counters.end()) out[code] = count->second;
    }
    return out;
}

}  // namespace

void save_evidence(const domain::Model& model, store::Facts& facts, store::Counters& counters) {
    for (const auto& [name, log] : model.logs) {
        const auto save_lines = [&counters, &source = name](const char* result, std::uint64_t count) {
            counters[{join(kLines, source), result}] = count;
        };
        describe_lines(save_lines, log.lines);
    }
    for (const auto& [name, counts] : model.evidence.sources) save_source(name, counts, facts, counters);
    for (const auto& [name, status] : model.sources) save_status(name, status, facts, counters);
    save_numbers(std::string(kHeadline), model.evidence.totals, counters);
    counters[{std::string(kCoveredTableChanges), ""}] = model.evidence.table_changes;
    for (std::size_t i = 0; i < domain::kSignalCount; ++i) {
        const auto& headline = model.evidence.headlines.at(i);
        const std::string name(signal_name(static_cast<domain::Signal>(i)));
        facts["evidence:" + name] = headline.evidence;
        save_numbers(join(kMark, name), headline.marks, counters);
    }
    const auto save = [&facts](const char* name, const std::optional<Time>& at) { facts[name] = text(at); };
    describe(save, model.probe);
    const domain::Evidence& evidence = model.evidence;
    if (evidence.uses_mark) counters[{std::string(kUsesMark), ""}] = *evidence.uses_mark;
    facts[kContradicted] = evidence.contradicted;
    save(kContradictedAt, evidence.contradicted_at);
    save(kNewestUse, evidence.last_use.newest);
    save(kUnwrittenSince, evidence.last_use.unwritten_since);
    save(kStoodStill, evidence.last_use.stood_still_at);
    facts[kSkew] = std::to_string(model.skew.count());
    if (!model.watch) return;
    save(kWatchedSince, model.watch->since);
    save(kWatchedUntil, model.watch->until);
    facts[kWatchedEvery] = std::to_string(model.watch->poll_every.count());
}

void load_evidence(const store::Facts& facts, const store::Counters& counters, domain::Model& model) {
    for (const auto& [name, count] : counters) {
        if (name.first.rfind(kLines, 0) != 0) continue;
        const auto load_lines = [&label = name.second, value = count](const char* result, std::uint64_t& to) {
            if (label == result) to = value;
        };
        describe_lines(load_lines, model.logs[name.first.substr(kLines.size())].lines);
    }
    constexpr std::string_view kPrefix = "source:";
    constexpr std::string_view kSuffix = ":offers";
    for (const auto& [name, value] : facts) {
        const bool source = name.size() > kPrefix.size() + kSuffix.size() && name.rfind(kPrefix, 0) == 0 &&
                            name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
        if (!source) continue;
        const std::string type = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
        model.evidence.sources[type] = load_source(type, facts, counters);
    }
    load_numbers(std::string(kHeadline), counters, model.evidence.totals);
    if (const auto changes = counters.find({std::string(kCoveredTableChanges), ""});
        changes != counters.end())
        model.evidence.table_changes = changes->second;
    for (std::size_t i = 0; i < domain::kSignalCount; ++i) {
        auto& headline = model.evidence.headlines.at(i);
        const std::string name(signal_name(static_cast<domain::Signal>(i)));
        if (const auto found = facts.find("evidence:" + name); found != facts.end())
            headline.evidence = found->second;
        load_numbers(join(kMark, name), counters, headline.marks);
    }
    const auto load = [&facts](const char* name, std::optional<Time>& at) { at = time(facts, name); };
    describe(load, model.probe);
    domain::Evidence& evidence = model.evidence;
    if (const auto mark = counters.find({std::string(kUsesMark), ""}); mark != counters.end())
        evidence.uses_mark = mark->second;
    evidence.contradicted = value(facts, kContradicted);
    load(kContradictedAt, evidence.contradicted_at);
    load(kNewestUse, evidence.last_use.newest);
    load(kUnwrittenSince, evidence.last_use.unwritten_since);
    load(kStoodStill, evidence.last_use.stood_still_at);
    model.skew = load_skew(facts);
    const auto since = time(facts, kWatchedSince);
    const auto until = time(facts, kWatchedUntil);
    if (since && until) model.watch = {*since, *until, Duration{number(facts, kWatchedEvery)}};
}

Duration load_skew(const store::Facts& facts) {
    return Duration{number(facts, kSkew)};
}

base::Result<domain::Model> load_counted(store::State& state) {
    const auto facts = state.load_facts();
    if (!facts) return facts.error();
    const auto counters = state.load_counters();
    if (!counters) return counters.error();
    domain::Model model;
    load_evidence(*facts, *counters, model);
    load_statuses(*facts, *counters, model.sources);
    return model;
}

void load_statuses(const store::Facts& facts, const store::Counters& counters,
                   std::map<std::string, domain::SourceStatus>& sources) {
    for (const auto& [fact, value] : facts) {
        if (fact.size() <= kUpSuffix.size() ||
            fact.compare(fact.size() - kUpSuffix.size(), kUpSuffix.size(), kUpSuffix) != 0)
            continue;
        const std::string name = fact.substr(0, fact.size() - kUpSuffix.size());
        domain::SourceStatus& status = sources[name];
        status.up = value == "1";
        status.last_success_at = time(facts, name + "_read_at");
        if (const auto reason = facts.find(name + "_not_measured"); reason != facts.end())
            status.not_measured = reason->second;
        status.errors = load_errors(counters, name);
    }
}

base::Result<std::map<std::string, domain::SourceStatus>> restored_statuses(
    store::State& state, const std::set<std::string>& sources) {
    const auto counters = state.load_counters();
    if (!counters) return counters.error();
    const auto starts = state.load_observation_starts();
    if (!starts) return starts.error();
    std::map<std::string, domain::SourceStatus> out;
    for (const std::string& name : sources) {
        domain::SourceStatus& status = out[name];
        status.errors = load_errors(*counters, name);
        if (const auto start = starts->find(name); start != starts->end())
            status.observation_start = start->second;
    }
    return out;
}

}  // namespace keyshift::journal
