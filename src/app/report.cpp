// SPDX-License-Identifier: Apache-2.0
// keyshift report: one read-only snapshot of the key table, streamed through a writer.
#include <algorithm>
#include <any>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>

#include <unistd.h>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/exit_code.hpp"
#include "app/output_file.hpp"
#include "collectors/key_source.hpp"
#include "collectors/keys.hpp"
#include "drivers/postgres.hpp"
#include "report/writer.hpp"

namespace keyshift::app {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using collectors::KeyOrder;
using collectors::KeySource;
using drivers::Postgres;

/// Written to the output in pieces of about this size.
constexpr std::size_t kPiece = 64UL * 1024;

/// One line on standard error, redrawn a hundred times at most.
class Progress {
 public:
    Progress(std::uint64_t total, bool shown) : total_(total), shown_(shown && total > 0) {}
    ~Progress() {
        if (shown_) std::fputs("\r\x1b[K", stderr);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void advance() {
        ++done_;
        if (!shown_ || done_ * 100 / total_ == percent_) return;
        percent_ = done_ * 100 / total_;
        const int filled = static_cast<int>(std::min<std::uint64_t>(percent_, 100)) * 40 / 100;
        std::fprintf(stderr, "\r[%.*s%*s] %3d %%", filled, "########################################",
                     40 - filled, "", static_cast<int>(percent_));
    }

 private:
    std::uint64_t total_;
    bool shown_;
    std::uint64_t done_ = 0;
    std::uint64_t percent_ = 0;
};

// The one object a signal handler may touch.
drivers::Interrupt* active_interrupt = nullptr;  // NOLINT(*-avoid-non-const-global-variables)
volatile std::sig_atomic_t caught_signal = 0;    // NOLINT(*-avoid-non-const-global-variables)

void stop_on_signals(drivers::Interrupt& interrupt) {
    active_interrupt = &interrupt;
    const auto handle = [](int number) {
        caught_signal = number;
        active_interrupt->raise();
    };
    std::signal(SIGINT, handle);
    std::signal(SIGTERM, handle);
}

struct Counts {
    std::uint64_t keys = 0;
    std::uint64_t owners = 0;
};

Result<Counts> count(Postgres& connection, const KeySource& source, Deadline deadline) {
    const auto rows = connection.query(source.count_legacy(), deadline);
    if (!rows) return rows.error();
    Counts counts;
    const auto read = [&](std::size_t column, std::uint64_t& value) {
        const auto text = rows->size() == 1 ? rows->at(0, column).value_or("") : "";
        return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
    };
    if (!read(0, counts.keys) || !read(1, counts.owners))
        return Error{Errc::parse, "the key count is not a number", {}};
    return counts;
}

class Report {
 public:
    Report(const ReportCommand& command, const config::Gateway& gateway,
           const collectors::KeysOptions& options, const config::Schedule& schedule, Output& output,
           const drivers::Interrupt& interrupt)
        : command_(command),
          gateway_(gateway),
          options_(options),
          schedule_(schedule),
          output_(output),
          connection_(interrupt),
          writer_(report::make_writer(command.format, command.grouping, text_)) {}

    Result<void> run() {
        writer_->connecting();
        if (auto shown = output_.write(text_); !shown) return shown;
        const auto url = options_.database_url.read();
        if (!url) return url.error();
        const auto target = drivers::PostgresTarget::parse(*url);
        if (!target) return target.error();
        const Deadline soon = Deadline::in(schedule_.timeout);
        if (auto connected =
                connection_.connect(*target, collectors::session_timeouts(schedule_.timeout), soon);
            !connected)
            return connected;
        writer_->connected();
        const auto source = KeySource::resolve(connection_, gateway_, soon);
        if (!source) return source.error();
        return list(*source, *target);
    }

 private:
    Result<void> list(const KeySource& source, const drivers::PostgresTarget& target) {
        const Deadline deadline = Deadline::in(options_.census_timeout);
        const auto now = KeySource::begin(
            connection_, collectors::session_timeouts(options_.census_timeout).statement, deadline);
        if (!now) return now.error();
        const auto counts = count(connection_, source, deadline);
        if (!counts) return counts.error();
        report::Header header;
        header.legacy_keys = counts->keys;
        header.owners = counts->owners;
        header.generated_at = *now;
        header.database = target.printable;
        writer_->begin(header);
        if (auto copied = copy(source, counts->keys, deadline); !copied) return copied;
        writer_->end();
        return output_.write(text_);
    }

    Result<void> copy(const KeySource& source, std::uint64_t total, Deadline deadline) {
        const auto order =
            command_.grouping == report::Grouping::owner ? KeyOrder::by_owner : KeyOrder::newest_first;
        // The handbook's text has no place for it.
        const bool shown = command_.format != report::Format::text || order == KeyOrder::by_owner;
        const auto email = shown ? collectors::OwnerEmail::wanted : collectors::OwnerEmail::unwanted;
        Progress progress(total, ::isatty(STDERR_FILENO) == 1 && !output_.is_terminal());
        return connection_.copy(
            source.select_legacy(order, email), deadline, [&](drivers::PostgresRow& row) -> Result<void> {
                const domain::Key key = KeySource::read(row);
                if (row.bad())
                    return Error{Errc::parse, "a row of the key table is not in the expected format", {}};
                writer_->key(key);
                progress.advance();
                return text_.size() < kPiece ? Result<void>{} : output_.write(text_);
            });
    }

    const ReportCommand& command_;
    const config::Gateway& gateway_;
    const collectors::KeysOptions& options_;
    const config::Schedule& schedule_;
    Output& output_;
    Postgres connection_;
    std::string text_;
    std::unique_ptr<report::Writer> writer_;
};

}  // namespace

int run_report(const ReportCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return kConfig;
    const auto keys = std::find_if(config->collectors.begin(), config->collectors.end(),
                                   [](const config::CollectorConfig& c) { return c.type == "keys"; });
    if (keys == config->collectors.end()) {
        print_error({Errc::config, "the configuration has no keys collector",
                     "add one: {type: keys, database_url_file: ...}"});
        return kConfig;
    }
    drivers::Interrupt interrupt;
    stop_on_signals(interrupt);
    auto output = Output::open(command.output);
    if (!output) return print_error(output.error()), exit_code(output.error());
    Report report(command, config->gateway, std::any_cast<const collectors::KeysOptions&>(keys->options),
                  keys->schedule, *output, interrupt);
    auto done = report.run();
    if (done) done = output->finish();
    if (done) return kOk;
    if (caught_signal != 0) return 128 + caught_signal;
    if (done.error().code == Errc::canceled) return kOk;  // `keyshift report | head` has seen enough
    print_error(done.error());
    return exit_code(done.error());
}

}  // namespace keyshift::app
