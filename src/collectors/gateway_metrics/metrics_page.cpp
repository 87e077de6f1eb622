// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/metrics_page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/shared/event_option.hpp"
#include "formats/metrics/exposition_text.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using domain::Event;
using formats::ExpositionSample;
using formats::MetricType;

constexpr std::string_view kStart = "process_start_time_seconds";
/// Of the gateway; Go's is of the libraries that it was built from.
constexpr std::string_view kBuildInfo = "_build_info";
constexpr std::string_view kGo = "go_build_info";
constexpr std::size_t kLongestRelease = 100;
constexpr double kTooLarge = 18446744073709551616.0;  // 2^64

/// A histogram's and a summary's counts only grow too.
bool is_counter(const ExpositionSample& sample) {
    switch (sample.type) {
        case MetricType::counter:
        case MetricType::unknown:
            return true;
        case MetricType::histogram:
            return sample.name.ends_with("_count") || sample.name.ends_with("_bucket");
        case MetricType::summary:
            return sample.name.ends_with("_count");
        default:
            return false;
    }
}

bool matches(const CounterRule& rule, const ExpositionSample& sample) {
    return std::ranges::all_of(rule.labels, [&](const config::NamedTexts& label) {
        return std::ranges::find(label.texts, sample.label(label.name)) != label.texts.end();
    });
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    out += '"';
}

/// The same for the same series, in whatever order its labels stand.
std::string series_of(const ExpositionSample& sample) {
    std::vector<formats::ExpositionLabel> labels(sample.labels.begin(), sample.labels.end());
    std::ranges::sort(labels, {}, &formats::ExpositionLabel::name);
    std::string out(sample.name);
    for (const auto& label : labels) {
        out += (&label == labels.data() ? "{" : ",") + std::string(label.name) + "=";
        append_quoted(out, label.value);
    }
    return labels.empty() ? out : out + "}";
}

/// A series in messages: its labels may hold what is nobody's business.
std::string shown(const ExpositionSample& sample) {
    constexpr std::size_t kLongest = 200;
    return base::escape_unsafe(sample.name.substr(0, kLongest));
}

class PageReader final : public formats::ExpositionHandler {
 public:
    explicit PageReader(const CounterRules& rules) : rules_(rules), matched_(rules.size()) {
        for (std::size_t i = 0; i < rules.size(); ++i) by_metric_[rules[i].metric].push_back(i);
    }

    void sample(const ExpositionSample& sample) override {
        if (sample.name == kStart && sample.labels.empty()) started_at_ = sample.value;
        if (release_.empty() && sample.name.ends_with(kBuildInfo)) record_release(sample);
        const auto candidates = by_metric_.find(sample.name);
        if (candidates == by_metric_.end() || wrong_) return;
        std::vector<domain::Contribution> counts;
        for (const std::size_t i : candidates->second) consider(i, sample, counts);
        if (!counts.empty()) keep(sample, std::move(counts));
    }

    Result<MetricsPage> finish() {
        if (wrong_) return *std::move(wrong_);
        MetricsPage page{
            .readings = {}, .countable = countable_, .matched = std::move(matched_), .started_at = {}};
        page.release = std::move(release_);
        std::string& epoch = page.epoch;
        if (started_at_ && std::isfinite(*started_at_) && *started_at_ > 0) {
            char text[64];
            std::snprintf(text, sizeof text, "%.3f", *started_at_);
            epoch = text;
            page.started_at = started_at_;
        }
        for (auto& [series, reading] : readings_) {
            reading.epoch = epoch;
            page.readings.push_back(std::move(reading));
        }
        return page;
    }

 private:
    void record_release(const ExpositionSample& sample) {
        if (sample.name == kGo) return;
        for (const std::string_view label : {"version", "revision", "commit"}) {
            if (!release_.empty()) return;
            release_ = base::escape_unsafe(sample.label(label).substr(0, kLongestRelease));
        }
    }

    void consider(std::size_t i, const ExpositionSample& sample, std::vector<domain::Contribution>& counts) {
        const CounterRule& rule = rules_[i];
        const bool here = matches(rule, sample);
        const bool by_reason = !rule.reason_label.empty();
        // A labelled counter is absent until its first use, so that absence alone is not zero. Where the
        // metric is there with other labels, absence is zero; but never for fallbacks, where a rule with a
        // slip in its label would call every gateway safe.
        if (here || by_reason || rule.event != Event::fallback) countable_ |= events_of(rule);
        if (!here) return;
        matched_[i] = true;
        const Event event = by_reason ? failure_named(sample.label(rule.reason_label)) : rule.event;
        const auto counted = [event](const domain::Contribution& other) { return other.event == event; };
        if (std::ranges::none_of(counts, counted)) counts.push_back({event, 1});
    }

    void keep(const ExpositionSample& sample, std::vector<domain::Contribution> counts) {
        std::string series = series_of(sample);
        if (!is_counter(sample)) {
            return fail(shown(sample) + " is a " + std::string(name_of(sample.type)) + ", not a counter",
                        "name a counter in `counters`");
        }
        if (!std::isfinite(sample.value) || sample.value < 0 || sample.value >= kTooLarge)
            return fail(shown(sample) + " has a value that no counter can have", {});
        // Of a series with several times the newest counts; what has no time is of now.
        const double at = sample.at_seconds.value_or(std::numeric_limits<double>::infinity());
        const auto [known, fresh] = times_.try_emplace(series, at);
        if (!fresh && at < known->second) return;
        known->second = at;
        domain::Reading& reading = readings_[series];
        reading.series = std::move(series);
        reading.value = static_cast<std::uint64_t>(sample.value);
        reading.counts = std::move(counts);
        if (readings_.size() > kMostSeries) {
            fail("more than " + std::to_string(kMostSeries) + " series match `counters`",
                 "narrow them by labels");
        }
    }

    void fail(std::string what, std::string hint) {
        wrong_ = {Errc::parse, std::move(what), std::move(hint)};
    }

    const CounterRules& rules_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_metric_;
    std::map<std::string, domain::Reading> readings_;
    std::map<std::string, double> times_;  ///< of the readings
    domain::Events countable_;
    std::vector<bool> matched_;
    std::optional<double> started_at_;
    std::string release_;
    std::optional<Error> wrong_;
};

}  // namespace

Result<MetricsPage> read_metrics_page(std::string_view content_type, std::string_view body,
                                      const CounterRules& rules) {
    const auto format = formats::exposition_format(content_type);
    if (!format) {
        return Error{
            Errc::parse,
            "answered " + base::escape_unsafe(content_type.substr(0, 100)) + ", not a page of metrics",
            "check the path of the URL"};
    }
    PageReader reader(rules);
    if (const auto parsed = formats::parse_exposition(body, *format, reader); !parsed) {
        return Error{parsed.error().code, parsed.error().what,
                     "see that this is a page of metrics, and what stands in that line"};
    }
    return reader.finish();
}

}  // namespace keyshift::collectors
