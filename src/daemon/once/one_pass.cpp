// SPDX-License-Identifier: Apache-2.0
#include "daemon/once/one_pass.hpp"

#include <array>
#include <utility>

#include "daemon/model_updater.hpp"
#include "daemon/sources/source.hpp"
#include "domain/assess.hpp"
#include "drivers/net/interrupt.hpp"
#include "exposition/families/model_metrics.hpp"
#include "exposition/textfile.hpp"
#include "journal/evidence_writer.hpp"

namespace keyshift::daemon {
namespace {

using base::Error;
using base::Result;

/// What tells of a process that stays, and what only one that stays can know.
constexpr std::array<std::string_view, 5> kOfTheDaemon{
    "keyshift_fallback_removal_", "keyshift_config_last_reload_", "keyshift_state_write_errors_total",
    "keyshift_source_poll_duration_seconds", "keyshift_notifications_total"};

/// A log may be long behind.
constexpr base::Duration kLongestBacklog = std::chrono::minutes{10};

class Pass {
 public:
    Pass(const config::Config& config, store::State& state) : config_(config), state_(state) {}

    Result<OnePass> run() {
        if (auto restored = updater_.restore(state_, config_); !restored) return restored.error();
        updater_.note_state(state_.take_notice(), state_.beginning());
        // The key table comes last: how it is judged depends on the others.
        for (const bool last : {false, true})
            for (const config::CollectorConfig& collector : config_.collectors)
                if (last == (collector.type == domain::kKeysSource)) read(collector);
        updater_.update();
        if (auto saved = journal::write(updater_.take_unsaved(), state_); !saved) return saved.error();
        updater_.set_state_size(state_.size_bytes());
        exposition::OwnMetrics own;
        const exposition::ModelMetrics metrics(updater_.model(), updater_.database_now(), own);
        return OnePass{exposition::textfile(exposition::Snapshot(metrics), kOfTheDaemon),
                       std::move(failures_)};
    }

 private:
    /// Also what a log is behind.
    void read(const config::CollectorConfig& collector) {
        Source source(config_.gateway, collector, state_, interrupt_);
        if (!source.expected_side_effects().empty()) return;
        source.resume(updater_.begin_source(source.name()));
        const auto end = base::Deadline::in(kLongestBacklog);
        for (bool more = true; more;) {
            Cycle cycle = source.run_cycle(updater_.journal_input(config_));
            more = cycle.observation && cycle.max_poll_interval == base::Duration::zero() && !end.passed();
            if (cycle.keys && cycle.keys->state_error) fail(source.name(), *cycle.keys->state_error);
            const Error error = cycle.error;
            updater_.apply({source.name(), source.interval(), source.keeps_journal()}, std::move(cycle));
            if (updater_.model().sources.at(source.name()).up == false) fail(source.name(), error);
        }
    }

    void fail(const std::string& source, Error error) {
        error.what = source + ": " + error.what;
        failures_.push_back(std::move(error));
    }

    const config::Config& config_;
    store::State& state_;
    ModelUpdater updater_;
    drivers::Interrupt interrupt_;
    std::vector<Error> failures_;
};

}  // namespace

Result<OnePass> one_pass(const config::Config& config, store::State& state) {
    return Pass(config, state).run();
}

}  // namespace keyshift::daemon
