// SPDX-License-Identifier: Apache-2.0
// keyshift check --log: what each line of a sample would be counted as, by a configured collector's rules.
#include <array>
#include <cstdio>
#include <memory>

#include "base/exit_code.hpp"
#include "base/utf8.hpp"
#include "collectors/catalog.hpp"
#include "collectors/logs/collector.hpp"
#include "collectors/logs/line_counter.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/terminal.hpp"
#include "drivers/files/input.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using collectors::LogTally;

constexpr std::size_t kShown = 160;

/// The types of collectors that read logs: "access_log or gateway_log".
std::string log_types() {
    std::string out;
    for (const collectors::Entry& entry : collectors::catalog())
        if (entry.reads_log) out += (out.empty() ? "" : " or ") + entry.name;
    return out;
}

/// The collector whose rules are asked for: one that reads a log.
Result<const config::CollectorConfig*> find_collector(const config::Config& config,
                                                      const std::string& wanted) {
    const config::CollectorConfig* found = nullptr;
    for (const config::CollectorConfig& collector : config.collectors) {
        if (collectors::configured(collector).log() == nullptr) continue;
        if (!wanted.empty() && collector.type != wanted) continue;
        if (found != nullptr)
            return Error{Errc::usage, "the configuration reads several logs",
                         "say which one: --collector " + found->type + " or --collector " + collector.type};
        found = &collector;
    }
    if (found != nullptr) return found;
    if (!wanted.empty())
        return Error{Errc::usage, "the configuration has no log collector " + base::escape_unsafe(wanted),
                     "--collector is " + log_types()};
    return Error{Errc::usage, "the configuration reads no log",
                 "name one that has a collector " + log_types() + ": --config FILE"};
}

class Sample {
 public:
    Sample(collectors::LineCounter& counter, const CheckLogCommand& command)
        : counter_(counter), lines_shown_(!command.summary) {
        sum_.now = base::now();
    }

    /// Lines of one message are counted with its last.
    void line(const std::string& line) {
        ++number_;
        LogTally tally;
        tally.now = sum_.now;
        message_ += line;
        if (line.size() > drivers::kLogBlock) {
            tally.lines.oversized = 1;
        } else if (counter_.whole(message_) < message_.size() && message_.size() <= drivers::kLogBlock) {
            if (lines_shown_) show(line, "part", tally);
            return;
        } else {
            counter_.count(message_, tally);
        }
        message_.clear();
        add(line, tally);
    }

    /// The file has ended, perhaps in the middle of a message.
    void end() {
        if (message_.empty()) return;
        LogTally tally;
        tally.now = sum_.now;
        counter_.count(message_, tally);
        add(message_, tally);
        message_.clear();
    }

    double unparsed() const {
        const auto bad = static_cast<double>(sum_.lines.unparsed + sum_.lines.oversized);
        return number_ == 0 ? 0 : bad / static_cast<double>(number_);
    }

    void show_sums() const {
        const domain::LogLines& lines = sum_.lines;
        std::printf("%s%llu lines: %llu matched, %llu skipped, %llu not understood, %llu too long\n",
                    lines_shown_ ? "\n" : "", count(number_), count(lines.matched), count(lines.skipped),
                    count(lines.unparsed), count(lines.oversized));
        for (std::size_t i = 0; i < domain::kEventCount; ++i) {
            if (sum_.events.at(i) == 0) continue;
            std::printf("  %10llu  %s\n", count(sum_.events.at(i)),
                        std::string(event_name(domain::event_at(i))).c_str());
        }
        if (!sum_.uses.empty()) std::printf("  %10zu  different keys named\n", sum_.uses.latest().size());
        for (const collectors::Finding& finding : counter_.findings())
            if (finding.kind != collectors::Finding::Kind::ok)
                std::printf("  note: %s%s%s\n", finding.what.c_str(), finding.remedy.empty() ? "" : "; ",
                            finding.remedy.c_str());
    }

 private:
    static unsigned long long count(std::uint64_t n) { return n; }

    void add(const std::string& line, const LogTally& tally) {
        const domain::LogLines& lines = tally.lines;
        const char* const result = lines.oversized > 0  ? "too long"
                                   : lines.unparsed > 0 ? "unparsed"
                                   : lines.matched > 0  ? "matched"
                                                        : "skipped";
        if (lines_shown_) show(line, result, tally);
        sum_.lines.add(tally.lines);
        for (std::size_t i = 0; i < domain::kEventCount; ++i) sum_.events.at(i) += tally.events.at(i);
        sum_.failures.merge(tally.failures);
        sum_.uses.merge(tally.uses);
    }

    void show(const std::string& line, const char* result, const LogTally& tally) const {
        const Terminal terminal;
        const domain::LogLines& lines = tally.lines;
        std::string out = pad(std::to_string(number_), 6) + " ";
        out += terminal.paint(lines.unparsed + lines.oversized > 0 ? Colour::bad
                              : lines.matched > 0                  ? Colour::good
                                                                   : Colour::quiet,
                              pad(result, 9));
        for (std::size_t i = 0; i < domain::kEventCount; ++i) {
            if (tally.events.at(i) == 0) continue;
            out += std::string(event_name(domain::event_at(i))) + " ";
        }
        for (const auto& [kind, times] : tally.failures.kinds())
            if (!kind.client.empty()) out += "client=" + kind.client + " ";
        for (const auto& [id, at] : tally.uses.latest()) out += "key=" + id + " ";
        std::string_view shown = std::string_view(line).substr(0, kShown);
        while (!shown.empty() && (shown.back() == '\n' || shown.back() == '\r')) shown.remove_suffix(1);
        out += terminal.paint(Colour::quiet,
                              "| " + base::escape_unsafe(shown) + (line.size() > kShown ? "..." : ""));
        std::printf("%s\n", out.c_str());
    }

    collectors::LineCounter& counter_;
    bool lines_shown_;
    std::uint64_t number_ = 0;
    LogTally sum_;
    std::string message_;
};

/// Line by line; of one that is too long no more is held than shows that it is.
Result<void> read(std::FILE* file, const std::string& name, Sample& sample) {
    std::string line;
    std::array<char, 65536> buffer{};
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file)) {
        for (std::string_view rest(buffer.data(), size); !rest.empty();) {
            const std::size_t end = rest.find('\n');
            const std::string_view piece = rest.substr(0, end == std::string_view::npos ? end : end + 1);
            rest.remove_prefix(piece.size());
            if (line.size() <= drivers::kLogBlock) line += piece;
            if (end == std::string_view::npos) continue;
            sample.line(line);
            line.clear();
        }
    }
    if (std::ferror(file) != 0) return Error{Errc::usage, name + " cannot be read", "name a file"};
    if (!line.empty()) sample.line(line);
    return {};
}

Result<void> read(const std::filesystem::path& path, Sample& sample) {
    if (path == "-") return read(stdin, "standard input", sample);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file)
        return Error{Errc::usage, base::escape_unsafe(path.string()) + " cannot be opened",
                     "check its name and rights"};
    return read(file.get(), base::escape_unsafe(path.string()), sample);
}

}  // namespace

int run_check_log(const CheckLogCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return base::kConfig;
    const auto collector = find_collector(*config, command.collector);
    if (!collector) return print_error(collector.error()), base::exit_code(collector.error());
    const auto counter = collectors::configured(**collector).log()->line_counter(config->gateway);
    Sample sample(*counter, command);
    if (auto done = read(command.sample, sample); !done)
        return print_error(done.error()), base::exit_code(done.error());
    sample.end();
    sample.show_sums();
    if (sample.unparsed() <= command.most_unparsed) return base::kOk;
    print_error({Errc::config, "too many lines are not understood",
                 "set `format` of " + (*collector)->type + " to that of the log, or raise --max-unparsed"});
    return base::kConfig;
}

}  // namespace keyshift::commands
