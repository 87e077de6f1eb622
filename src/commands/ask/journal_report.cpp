// SPDX-License-Identifier: Apache-2.0
#include "commands/ask/journal_report.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "api/archive.hpp"
#include "api/csv.hpp"
#include "base/exit_code.hpp"
#include "base/utf8.hpp"
#include "commands/ask/known_keys.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/output_file.hpp"
#include "commands/shared/terminal.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using inventory::Parameters;

constexpr std::size_t kPage = 1000;

Parameters parameters_of(const ReportCommand& command) {
    std::string phases;
    for (const domain::Phase phase : command.phases_listed)
        phases += (phases.empty() ? "" : ",") + std::string(phase_name(phase));
    Parameters out;
    if (!phases.empty()) out.emplace_back("phase", phases);
    if (command.owner) out.emplace_back("owner", *command.owner);
    if (!command.sort.empty()) out.emplace_back("sort", command.sort);
    return out;
}

/// When and how a key went; empty: it is there.
std::string end_of(const api::Key& key, base::Time now) {
    return key.gone_at ? *key.gone_as + " " + show_when(key.gone_at, now) : "";
}

std::string row(const api::Key& key, base::Time now) {
    std::string out = "   " + pad(base::escape_unsafe(key.id), 36) + " | " +
                      pad(key.phase.value_or("unknown"), 14) + " | " +
                      pad(base::escape_unsafe(key.name.value_or("unnamed")), 20) + " | " +
                      pad(base::escape_unsafe(key.prefix), 12) + " | " +
                      pad(key.owner ? base::escape_unsafe(*key.owner) : "system", 36) + " | " +
                      pad("last used " + show_when(key.last_used_at, now), 38);
    const std::string end = end_of(key, now);
    if (!end.empty()) out += " | " + end;
    return out + "\n";
}

/// Writes page by page, so that memory does not grow with the keys.
class Writer {
 public:
    Writer(report::Format format, Output& output) : format_(format), output_(output) {}

    Result<void> add(const api::KeyPage& page, base::Time now) {
        std::string text;
        if (format_ == report::Format::csv) {
            text = api::CsvWriter::document(page.items);
            if (!first_) text.erase(0, text.find("\r\n") + 2);
        } else if (format_ == report::Format::json) {
            text = items_of(page);
        } else {
            if (first_) text = std::to_string(page.total) + (page.total == 1 ? " key" : " keys") + "\n";
            for (const api::Key& key : page.items) text += row(key, now);
        }
        first_ = first_ && page.items.empty();
        return output_.write(text);
    }
    Result<void> end() {
        std::string text = format_ == report::Format::json ? "]}\n" : "";
        return output_.write(text);
    }

 private:
    /// The inside of the list; before the first, the document's beginning.
    std::string items_of(const api::KeyPage& page) const {
        std::string text = api::ArchiveWriter::document(page);
        constexpr std::string_view kList = "\"keys\":[";
        const std::size_t begin = text.find(kList) + kList.size();
        const std::string inside = text.substr(begin, text.size() - begin - 3);
        if (first_) {
            api::KeyPage head = page;
            head.items.clear();
            head.next.reset();
            std::string all = api::ArchiveWriter::document(head);
            return all.substr(0, all.size() - 3) + inside;
        }
        return inside.empty() ? inside : "," + inside;
    }

    report::Format format_;
    Output& output_;
    bool first_ = true;
};

Result<void> write_pages(KnownKeys& known, const ReportCommand& command, Output& output) {
    Writer writer(command.format, output);
    const Parameters parameters = parameters_of(command);
    std::size_t left = command.limit == 0 ? SIZE_MAX : command.limit;
    std::optional<std::string> cursor;
    do {
        Parameters asked = parameters;
        asked.emplace_back("limit", std::to_string(std::min(left, kPage)));
        if (cursor) asked.emplace_back("cursor", *cursor);
        const auto page = known.keys(asked);
        if (!page) return page.error();
        if (auto written = writer.add(*page, base::now()); !written) return written;
        left -= std::min(left, page->items.size());
        cursor = page->next;
    } while (cursor && left > 0);
    return writer.end();
}

Result<void> check(const ReportCommand& command) {
    const bool listed = command.format == report::Format::text || command.format == report::Format::csv ||
                        command.format == report::Format::json;
    if (!listed || command.grouping != report::Grouping::none)
        return Error{
            Errc::usage,
            "keys that have gone, and --owner, --sort and --limit, are written as text, csv or json, and not "
            "grouped",
            "leave --format and --group-by out, or give the phases of living keys alone"};
    return {};
}

}  // namespace

bool is_of_journal(const ReportCommand& command) {
    const auto& phases = command.phases_listed;
    return command.owner || !command.sort.empty() || command.limit > 0 ||
           std::any_of(phases.begin(), phases.end(), [](domain::Phase phase) { return !is_live(phase); });
}

int report_journal(const ReportCommand& command) {
    if (auto checked = check(command); !checked) return print_error(checked.error()), base::kUsage;
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    KnownKeys known(*asker);
    auto output = Output::open(command.output);
    if (!output) return print_error(output.error()), base::exit_code(output.error());
    auto done = write_pages(known, command, *output);
    if (done) done = output->finish();
    if (done) return base::kOk;
    if (done.error().code == Errc::canceled) return base::kOk;  // `| head` has seen enough
    return print_error(done.error()), base::exit_code(done.error());
}

}  // namespace keyshift::commands
