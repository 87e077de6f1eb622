// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/collector.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "collectors/logs/findings.hpp"
#include "drivers/host/reading_rights.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Duration;
using base::Result;
using base::Time;
using drivers::LogInput;
using namespace std::chrono_literals;

/// After so long a poll hands over what it has, so that a backlog shows while it is being read.
constexpr Duration kLongestRead = 1s;
/// While a log is being written, it is read for a tenth of the time, within these bounds.
constexpr Duration kShortestPause = 20ms;
constexpr Duration kLongestPause = 200ms;
constexpr int kPausePerRead = 10;

/// Names in the cursor.
constexpr std::string_view kInput = "input:";
constexpr std::string_view kClients = "clients:";
constexpr const char* kCounter = "counter";

std::string under(std::string_view prefix, std::string_view name) {
    return std::string(prefix) + std::string(name);
}

/// Everything of `counter`'s that an input finds.
class Counting : public drivers::LogSink {
 public:
    Counting(LineCounter& counter, LogTally& tally) : counter_(counter), tally_(tally) {}

    void lines(std::string_view block) override { counter_.count(block, tally_); }
    void oversized() override { ++tally_.lines.oversized; }

 private:
    LineCounter& counter_;
    LogTally& tally_;
};

/// Keeps some of the lines.
class Sampling final : public Counting {
 public:
    using Counting::Counting;
    std::vector<std::string> lines_seen;

    void lines(std::string_view block) override {
        for (std::string_view min_delay = block; !min_delay.empty() && lines_seen.size() < kSampledLines;) {
            const std::string_view line = min_delay.substr(0, min_delay.find('\n'));
            min_delay.remove_prefix(std::min(line.size() + 1, min_delay.size()));
            if (!line.empty()) lines_seen.emplace_back(line);
        }
        Counting::lines(block);
    }
};

class LogCollector final : public Collector {
 public:
    LogCollector(std::string_view type, std::unique_ptr<LogInput> input, std::unique_ptr<LineCounter> counter)
        : type_(type), input_(std::move(input)), counter_(std::move(counter)) {}

    void resume(const std::map<std::string, std::string>& cursor) override {
        drivers::LogCursor input;
        for (const auto& [name, text] : cursor) {
            if (name.starts_with(kInput)) input[name.substr(kInput.size())] = text;
            if (name.starts_with(kClients)) tally_.clients.restore(name.substr(kClients.size()), text);
            if (name == kCounter) remembered_ = text;
        }
        counter_->resume(remembered_);
        input_->resume(input);
    }

    std::map<std::string, std::optional<std::string>> saved_though_failed() override {
        std::map<std::string, std::optional<std::string>> out;
        for (auto& [name, text] : input_->saved_though_failed()) out[under(kInput, name)] = text;
        return out;
    }

    int wake_fd() const override { return input_->wake_fd(); }
    Duration min_delay() const override { return min_delay_; }
    std::optional<Duration> max_poll_interval() const override {
        return more_ ? Duration::zero() : input_->max_poll_interval();
    }

    Result<Observation> collect(const Request& request) override {
        const auto began = Deadline::Clock::now();
        const Time now = begin_tally();
        Counting counting(*counter_, tally_);
        auto read = input_->read(counting, request.deadline.at_most(kLongestRead));
        if (!read) return read.error();
        tally_.clients.forget_before(now - 2 * domain::FailingClients::kWindow);
        const auto took = std::chrono::duration_cast<Duration>(Deadline::Clock::now() - began);
        more_ = read->more;
        min_delay_ =
            read->more ? Duration::zero() : std::clamp(kPausePerRead * took, kShortestPause, kLongestPause);
        return observe(*read, now);
    }

    std::vector<Finding> examine(Deadline deadline) override;

 private:
    Time begin_tally() {
        tally_.now = base::now();
        tally_.lines = {};
        tally_.events.fill(0);
        tally_.own.fill(0);
        tally_.failures.clear();
        tally_.uses.clear();
        return tally_.now;
    }

    Observation observe(drivers::LogRead& read, Time now) {
        Observation seen{.taken_at = now};
        tally_.lines.bytes = read.bytes;
        seen.log = LogFacts{.lines = tally_.lines,
                            .lag_bytes = read.lag_bytes,
                            .failures = std::move(tally_.failures),
                            .uses = std::move(tally_.uses),
                            .cursor = {}};
        for (auto& [name, text] : read.cursor) seen.log->cursor[under(kInput, name)] = std::move(text);
        for (auto& [name, text] : tally_.clients.take_changed()) {
            auto& to = seen.log->cursor[under(kClients, name)];
            if (!text.empty()) to = text;
        }
        remember(*seen.log);
        seen.counted = Counted{.countable = counter_->countable(now),
                               .missing = std::move(read.missing),
                               .lossy = read.lossy,
                               .ground = counter_->take_ground(),
                               .grown = tally_.events,
                               .own = tally_.own};
        seen.gauges = gauges(now);
        return seen;
    }

    void remember(LogFacts& to) {
        std::string memory = counter_->memory();
        if (memory == remembered_) return;
        auto& saved = to.cursor[kCounter];
        if (!memory.empty()) saved = memory;
        remembered_ = std::move(memory);
    }

    domain::Gauges gauges(Time now) const {
        domain::Gauges out;
        const domain::Events countable = counter_->countable(now);
        for (std::size_t i = 0; i < domain::kFailureReasons; ++i) {
            const domain::Event reason = after(domain::kFirstFailure, i);
            if (!countable.test(index_of(reason))) continue;
            out.failing_clients[std::string(event_label(reason))] = tally_.clients.count(reason, now);
        }
        return out;
    }

    std::string_view type_;
    std::unique_ptr<LogInput> input_;
    std::unique_ptr<LineCounter> counter_;
    std::string remembered_;  // the counter's memory, as it has been given out
    LogTally tally_;
    Duration min_delay_{};
    bool more_ = false;  // the last poll ended before the input did
};

/// `remedy`, in which a FILE of the log is one that there is, and can be read.
std::string with_log(std::string remedy, const std::vector<drivers::LogPlace>& places,
                     std::string_view type) {
    constexpr std::string_view kAny = "--log FILE";
    const auto place = std::ranges::find_if(places, [](const auto& one) { return one.problem.empty(); });
    const std::size_t at = remedy.find(kAny);
    std::error_code ignored;
    if (at == std::string::npos || place == places.end() ||
        !std::filesystem::is_regular_file(place->name, ignored))
        return remedy;
    return remedy.replace(
        at, kAny.size(),
        "--log " + drivers::in_shell_quotes(place->name) + " --collector " + std::string(type));
}

std::vector<Finding> LogCollector::examine(Deadline deadline) {
    begin_tally();
    input_->from_beginning();
    Sampling sampling(*counter_, tally_);
    const auto read = input_->read(sampling, deadline);
    if (!read) return log_failures(read.error(), input_->places());
    std::vector<Finding> found = log_findings(
        {type_, input_->places(), input_->degradations(), tally_.lines, std::move(sampling.lines_seen)});
    for (Finding& finding : counter_->findings()) found.push_back(std::move(finding));
    for (Finding& finding : found)
        finding.remedy = with_log(std::move(finding.remedy), input_->places(), type_);
    return found;
}

}  // namespace

std::unique_ptr<Collector> make_log_collector(std::string_view type, std::unique_ptr<LogInput> input,
                                              std::unique_ptr<LineCounter> counter) {
    return std::make_unique<LogCollector>(type, std::move(input), std::move(counter));
}

}  // namespace keyshift::collectors
