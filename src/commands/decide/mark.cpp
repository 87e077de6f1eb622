// SPDX-License-Identifier: Apache-2.0
// keyshift mark: an operator says that the fallback is switched off for a while, is on again, or is off for
// good; and what came of that.
#include "decisions/mark.hpp"

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
#include "domain/marks/effect.hpp"
#include "inventory/lists.hpp"
#include "store/state_directory.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using decisions::as_word;
using decisions::Moment;
using domain::FailureCounts;
using domain::Mark;
using domain::MarkKind;
using Marks = api::List<api::Mark>;

constexpr std::size_t kClientsShown = 20;
constexpr const char* kPath = "/api/v1/marks";

/// For a screen.
Error as_error(Error error) {
    if (error.code == Errc::usage) error.what = show_text(error.what, base::now());
    return error;
}

/// What will be compared with what, and what keeps it from being compared.
void preview(MarkKind kind, const Moment& now, const config::Config& config) {
    std::printf("%s, from %s on.\n", decisions::said(kind).c_str(), show_time(now.at, now.host_at).c_str());
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

Result<std::string> set(const MarkCommand& command, MarkKind kind, const config::Config& config,
                        store::State& state) {
    const auto set =
        decisions::set_mark(config, state, kind, deciding_user(), command.note, decisions::Deed::done,
                            [&](const decisions::Moment& now) { preview(kind, now, config); });
    if (!set) return as_error(set.error());
    return as_word(mark_name(kind)) + " is marked; what comes of it: keyshift mark";
}

Result<std::string> take_back(MarkKind kind, const config::Config& config, store::State& state) {
    const auto taken = decisions::take_back_mark(
        config, state, kind, {}, decisions::Deed::done, [](const Mark& last, const decisions::Moment& now) {
            std::printf("Set by %s at %s%s\n", base::escape_unsafe(last.by).c_str(),
                        show_time(last.at, now.host_at).c_str(),
                        last.note.empty() ? "" : (": " + base::escape_unsafe(last.note)).c_str());
        });
    if (!taken) return as_error(taken.error());
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
    return run_decision(command.config, Sources::not_needed,
                        [&](const config::Config& config, store::State& state) {
                            return command.remove ? take_back(*command.kind, config, state)
                                                  : set(command, *command.kind, config, state);
                        });
}

}  // namespace keyshift::commands
