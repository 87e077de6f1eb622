// SPDX-License-Identifier: Apache-2.0
// keyshift mark: an operator says that the fallback is switched off for a while, is on again, or is off for
// good; and what came of that.
#include <algorithm>
#include <cstdio>
#include <string>

#include "api/archive.hpp"
#include "api/csv.hpp"
#include "api/lists.hpp"
#include "base/exit_code.hpp"
#include "base/utf8.hpp"
#include "commands/commands.hpp"
#include "commands/shared/asking.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/decisions.hpp"
#include "commands/shared/terminal.hpp"
#include "domain/evidence_facts.hpp"
#include "domain/marks/effect.hpp"
#include "inventory/lists.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"
#include "store/state_directory.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using domain::FailureCounts;
using domain::Mark;
using domain::MarkKind;
using Marks = api::List<api::Mark>;

constexpr std::size_t kClientsShown = 20;
constexpr const char* kPath = "/api/v1/marks";

/// What stands in the state now: the moment, and what has been counted until it.
struct Moment {
    Time host_at;
    Time at;
    std::vector<FailureCounts> sources;  ///< configured ones that count failures, or might
};

/// Also those that have not been read yet: what they miss nobody else need see.
std::vector<FailureCounts> sources_of_failures(const config::Config& config, const domain::Model& model) {
    std::vector<FailureCounts> out = failure_counts(model);
    const auto configured = config.types();
    std::erase_if(out, [&](const FailureCounts& one) { return configured.count(one.source) == 0; });
    for (const std::string& name : configured) {
        const bool known =
            std::any_of(out.begin(), out.end(), [&](const FailureCounts& one) { return one.source == name; });
        if (!known && (countable(model, name) & domain::failures()).any()) out.push_back({name});
    }
    return out;
}

Result<Moment> moment(const config::Config& config, store::State& state) {
    auto model = journal::load_counted(state);
    if (!model) return model.error();
    model->policy = journal::judging(config);
    const Time now = base::now();
    return Moment{now, now - model->skew, sources_of_failures(config, *model)};
}

Error as_error(const domain::MarkRefusal& refusal) {
    return {Errc::usage, "nothing was marked: " + show_text(refusal.what, base::now()), refusal.remedy};
}

std::string as_word(std::string_view kind) {
    std::string out(kind);
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

std::string said(MarkKind kind) {
    if (kind == MarkKind::cutover) return "The fallback is off for good";
    return kind == MarkKind::brownout_begin ? "A brownout has begun: the fallback is off for a while"
                                            : "The brownout has ended: the fallback is on again";
}

/// What will be compared with what, and what keeps it from being compared.
void preview(MarkKind kind, const Moment& now, const config::Config& config) {
    std::printf("%s, from %s on.\n", said(kind).c_str(), show_time(now.at, now.host_at).c_str());
    if (!store::is_state_held(config.state.directory))
        std::printf("No daemon is running: nobody reads meanwhile who fails.\n");
    if (kind == MarkKind::brownout_end) return;
    if (now.sources.empty())
        std::printf("No configured source has counted failures: who fails now cannot be told.\n");
    for (const FailureCounts& source : now.sources) {
        std::uint64_t failures = 0;
        for (const std::uint64_t count : source.counts) failures += count;
        std::printf("Compared with what %s has counted: %llu failures, read %s.\n", source.source.c_str(),
                    static_cast<unsigned long long>(failures),
                    source.read_at ? show_distance(*source.read_at, now.host_at).c_str() : "never");
    }
}

/// The state is held from the first look at it until the mark is in it: nothing is counted in between.
Result<std::string> set(const MarkCommand& command, MarkKind kind, const config::Config& config,
                        store::State& state) {
    auto transaction = state.begin();
    if (!transaction) return transaction.error();
    const auto marks = state.load_marks();
    if (!marks) return marks.error();
    const auto now = moment(config, state);
    if (!now) return now.error();
    if (const auto refusal = refuse_mark(*marks, kind, now->at)) return as_error(*refusal);
    preview(kind, *now, config);
    const auto until = kind == MarkKind::cutover
                           ? std::optional(now->host_at + journal::judging(config).windows.drain)
                           : std::nullopt;
    transaction->set_mark({0, kind, now->at, now->host_at, deciding_user(), command.note}, until,
                          now->sources);
    if (auto done = transaction->commit(); !done) return done.error();
    return as_word(mark_name(kind)) + " is marked; what comes of it: keyshift mark";
}

Result<std::string> take_back(MarkKind kind, const config::Config& config, store::State& state) {
    auto transaction = state.begin();
    if (!transaction) return transaction.error();
    const auto marks = state.load_marks();
    if (!marks) return marks.error();
    if (const auto refusal = refuse_removal(*marks, kind)) return as_error(*refusal);
    const auto now = moment(config, state);
    if (!now) return now.error();
    const Mark& last = marks->back();
    std::printf("Set by %s at %s%s\n", base::escape_unsafe(last.by).c_str(),
                show_time(last.at, now->host_at).c_str(),
                last.note.empty() ? "" : (": " + base::escape_unsafe(last.note)).c_str());
    transaction->remove_mark(last, now->at);
    if (auto done = transaction->commit(); !done) return done.error();
    return as_word(mark_name(kind)) + " is taken back";
}

/// The daemon's answer; without one what its state has.
Result<Marks> known_marks(const Asker& asker) {
    const auto answer = ask_daemon(asker.directories, kPath);
    if (answer) return api::ArchiveReader::document<Marks>(*answer);
    for (const std::filesystem::path& directory : asker.directories) {
        auto state = store::State::attach(directory);
        if (state && *state) return inventory::marks(**state);
    }
    return answer.error();
}

std::string client_line(const api::MarkedClient& client, Time now) {
    std::string novelty = client.novelty;
    std::replace(novelty.begin(), novelty.end(), '_', ' ');
    return "    " + pad(show_text(novelty, now), 11) + pad(show_text(client.client, now), 24) + " " +
           show_text(client.reason, now) + ", " + std::to_string(client.failures) + " times (" +
           std::to_string(client.failures_before) + " in 24h before), " + show_time(client.first_at, now) +
           " to " + show_time(client.last_at, now) + ", by " + show_text(client.source, now) + "\n";
}

std::string counted_line(const api::MarkedSource& source, Time now) {
    std::string counted;
    for (const auto& [reason, count] : source.failures)
        counted += (counted.empty() ? "" : ", ") + show_text(reason, now) + " " + std::to_string(count);
    return "    " + show_text(source.source, now) + " has counted " +
           (counted.empty() ? "no failure" : counted) +
           (source.since ? " since " + show_time(*source.since, now) : "") + "\n";
}

std::string as_text(const api::Mark& mark, Time now) {
    std::string out = show_time(mark.at, now) + "  " + pad(as_word(show_text(mark.kind, now)), 14) + "  by " +
                      show_text(mark.by, now) + (mark.note.empty() ? "" : ": " + show_text(mark.note, now)) +
                      "\n";
    if (mark.summary) out += "  " + show_text(*mark.summary, now) + "\n";
    for (const std::string& why : mark.why_unknown) out += "    not known: " + show_text(why, now) + "\n";
    for (const api::MarkedSource& source : mark.sources) out += counted_line(source, now);
    for (std::size_t i = 0; i < std::min(kClientsShown, mark.clients.size()); ++i)
        out += client_line(mark.clients[i], now);
    if (mark.clients.size() > kClientsShown)
        out += "    and " + std::to_string(mark.clients.size() - kClientsShown) +
               " more: keyshift mark --format json\n";
    return out;
}

std::string as_text(const Marks& marks, MarkCommand::Format format) {
    if (format == MarkCommand::Format::csv) return api::CsvWriter::document(marks.items);
    if (format == MarkCommand::Format::json) return api::ArchiveWriter::document(marks);
    std::string out;
    for (const api::Mark& mark : marks.items) out += as_text(mark, base::now());
    return out.empty() ? "No brownout and no cutover was marked.\n" : out;
}

int list(const MarkCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    const auto marks = known_marks(*asker);
    if (!marks) return print_error(marks.error()), base::exit_code(marks.error());
    std::fputs(as_text(*marks, command.format).c_str(), stdout);
    return base::kOk;
}

}  // namespace

int run_mark(const MarkCommand& command) {
    if (!command.kind) return list(command);
    return run_decision(command.config, [&](const config::Config& config, store::State& state) {
        return command.remove ? take_back(*command.kind, config, state)
                              : set(command, *command.kind, config, state);
    });
}

}  // namespace keyshift::commands
