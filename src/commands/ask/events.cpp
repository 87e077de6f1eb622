// SPDX-License-Identifier: Apache-2.0
// keyshift events: what has changed, oldest first, as people read; and what changes from now on.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>
#include <vector>

#include "api/archive.hpp"
#include "api/csv.hpp"
#include "base/exit_code.hpp"
#include "base/utf8.hpp"
#include "commands/ask/known_keys.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {
namespace {

using api::Event;
using base::Result;
using Events = std::vector<Event>;
using Format = EventsCommand::Format;
using namespace std::chrono_literals;

constexpr auto kFollowEvery = 1s;
constexpr const char* kWholePage = "1000";
constexpr const char* kFollowedPage = "50";

/// All since `since` that are newer than the one called `after`, oldest first, `page_size` at a time.
Result<Events> load_events(KnownKeys& known, const std::string& since, std::uint64_t after,
                           const std::string& page_size) {
    Events out;
    inventory::Parameters parameters{{"since", since}, {"limit", page_size}};
    for (;;) {
        auto page = known.events(parameters);
        if (!page) return page.error();
        const bool more = page->next && (page->items.empty() || page->items.back().id > after);
        for (Event& event : page->items)
            if (event.id > after) out.push_back(std::move(event));
        if (!more) break;
        parameters = {{"since", since}, {"limit", page_size}, {"cursor", *page->next}};
    }
    std::reverse(out.begin(), out.end());
    return out;
}

std::string event_line(const Event& event) {
    std::string kind = event.kind;
    std::replace(kind.begin(), kind.end(), '_', ' ');
    std::string out = show_time(event.at) + "  " + pad(kind, 16);
    if (event.key) out += "  " + base::escape_unsafe(*event.key);
    if (event.was && event.phase) out += "  " + *event.was + " -> " + *event.phase;
    if (!event.was && event.phase) out += "  " + *event.phase;
    if (event.keys) out += "  " + key_count(*event.keys);
    if (event.owner) out += "  owner " + base::escape_unsafe(*event.owner);
    if (!event.detail.empty()) out += "  " + show_text(event.detail, base::now());
    return out + "\n";
}

/// While following, one document a line.
std::string as_text(const Events& events, Format format, bool follow) {
    if (format == Format::csv) return api::CsvWriter::document(events);
    std::string out;
    if (format == Format::json && !follow) {
        api::List<Event> list;
        list.items = events;
        return api::ArchiveWriter::document(list);
    }
    for (const Event& event : events)
        out += format == Format::json ? api::ArchiveWriter::document(event) : event_line(event);
    return out;
}

volatile std::sig_atomic_t told_to_end = 0;  // NOLINT(*-avoid-non-const-global-variables)

void end_on_signals() {
    struct sigaction action = {};
    action.sa_handler = [](int) { told_to_end = 1; };
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

/// A header of CSV comes once.
void print_further(Events events, Format format) {
    std::string text = as_text(events, format, true);
    if (format == Format::csv) text.erase(0, text.find("\r\n") + 2);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

/// Until a signal comes. A daemon that is restarted in between is waited for.
int follow(const Asker& asker, std::uint64_t last, Format format) {
    end_on_signals();
    bool told = false;
    while (told_to_end == 0 && std::ferror(stdout) == 0) {
        std::this_thread::sleep_for(kFollowEvery);
        KnownKeys known(asker);
        const auto events = load_events(known, "30d", last, kFollowedPage);
        if (!events || !known.of_daemon()) {
            if (!std::exchange(told, true))
                std::fputs("keyshift: no daemon answers: waiting for it\n", stderr);
            continue;
        }
        told = false;
        if (events->empty()) continue;
        last = events->back().id;
        print_further(*events, format);
    }
    return base::kOk;
}

}  // namespace

int run_events(const EventsCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    KnownKeys known(*asker);
    const auto events = load_events(known, command.since, 0, kWholePage);
    if (!events) return print_error(events.error()), base::exit_code(events.error());
    std::fputs(as_text(*events, command.format, command.follow).c_str(), stdout);
    std::fflush(stdout);
    if (events->empty() && command.format == Format::text && !command.follow)
        std::fputs("keyshift: nothing has changed since then\n", stderr);
    if (!known.of_daemon())
        std::fputs("keyshift: no daemon is running: events are what `keyshift serve` has seen\n", stderr);
    if (!command.follow) return base::kOk;
    std::uint64_t last = 0;
    for (const Event& event : *events) last = std::max(last, event.id);
    return follow(*asker, last, command.format);
}

}  // namespace keyshift::commands
