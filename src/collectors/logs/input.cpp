// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/input.hpp"

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/utf8.hpp"
#include "drivers/journal/log_journal.hpp"
#include "drivers/logs/files.hpp"
#include "drivers/logs/stream.hpp"
#include "formats/lines/messages.hpp"

namespace keyshift::collectors {
namespace {

using Kind = LogInputOptions::Kind;

struct Way {
    const char* key;
    Kind kind;
};
constexpr std::array<Way, 4> kWays{{{"files", Kind::files},
                                    {"docker", Kind::docker},
                                    {"journald", Kind::journald},
                                    {"stdin", Kind::standard_input}}};
constexpr const char* kHowTo =
    "give one of files: [\"/var/log/gateway/*.log\"], docker: [...], journald: {unit: gateway.service}, "
    "stdin: true";

/// Why what stands there can never be followed; empty: it can, or it is not there.
std::string unfollowable(const std::filesystem::path& path) {
    std::error_code failed;
    switch (std::filesystem::status(path, failed).type()) {
        case std::filesystem::file_type::fifo:
            return "is a pipe, which can be read once only";
        case std::filesystem::file_type::socket:
            return "is a socket";
        case std::filesystem::file_type::character:
        case std::filesystem::file_type::block:
            return "is a device";
        default:
            return {};
    }
}

/// Relative globs start where relative paths do.
std::vector<std::string> globs(config::OptionsReader& reader, std::string_view key) {
    std::vector<std::string> out;
    for (const auto& path : reader.paths(key)) {
        if (path.filename().empty())
            reader.problem(key, "ends in '/'", "name the files in it, such as DIRECTORY/*.log");
        if (const std::string why = unfollowable(path); !why.empty()) {
            const std::string name = base::escape_unsafe(path.string());
            const bool pipe = why.starts_with("is a pipe");
            reader.problem(key, "names " + name + ", which " + why,
                           pipe ? "give stdin: true in its place, and start it as: keyshift serve < " + name
                                : "name a file");
        }
        out.push_back(path.string());
    }
    return out;
}

using formats::LinePrefix;

/// Docker's own lines are always taken apart; `none` is that nothing is looked for in what stands there.
LinePrefix read_prefix(config::OptionsReader& collector, Kind kind) {
    const auto prefix = collector.choice<LinePrefix>("prefix",
                                                     {{"auto", LinePrefix::automatic},
                                                      {"none", LinePrefix::none},
                                                      {"cri", LinePrefix::cri},
                                                      {"docker", LinePrefix::docker},
                                                      {"journal", LinePrefix::journal},
                                                      {"syslog", LinePrefix::syslog},
                                                      {"kubectl", LinePrefix::kubectl},
                                                      {"compose", LinePrefix::compose},
                                                      {"vhost", LinePrefix::vhost},
                                                      {"timestamps", LinePrefix::timestamps}},
                                                     LinePrefix::automatic);
    if (kind != Kind::docker || prefix == LinePrefix::automatic) return prefix;
    if (prefix != LinePrefix::none && prefix != LinePrefix::docker)
        collector.problem("prefix", "is not what stands before the lines of input: {docker: ...}",
                          "remove it: what stands in Docker's lines is looked for there");
    return LinePrefix::docker;
}

std::function<std::size_t(std::string_view)> whole(LinePrefix prefix) {
    return [prefix](std::string_view block) { return formats::whole_messages(block, prefix); };
}

}  // namespace

LogInputOptions read_log_input(config::OptionsReader& collector) {
    config::OptionsReader reader = collector.section("input");
    LogInputOptions options;
    int given = 0;
    for (const Way& way : kWays) {
        if (!reader.has(way.key)) continue;
        options.kind = way.kind;
        ++given;
    }
    if (given == 0) collector.problem("input", "says of no place to read from", kHowTo);
    if (given > 1) reader.problem("", "says of several places to read from", kHowTo);
    auto files = globs(reader, "files");
    auto docker = globs(reader, "docker");
    options.globs = options.kind == Kind::docker ? std::move(docker) : std::move(files);
    config::OptionsReader journal = reader.section("journald");
    options.units = journal.optional_list_of_text("unit");
    options.matches = journal.optional_list_of_text("match");
    options.journal_directory = journal.optional_path("directory");
    for (const std::string& match : options.matches)
        if (match.find('=') == std::string::npos || match.front() == '=')
            journal.problem("match", "is not FIELD=value", "write it as journalctl takes it");
    if (options.kind == Kind::journald && options.units.empty() && options.matches.empty())
        reader.problem("journald", "would read the log of every service", "give unit or match");
    const bool streams = reader.choice<bool>("stdin", {{"false", false}, {"true", true}}, false);
    if (options.kind == Kind::standard_input && !streams) reader.problem("stdin", "is not true", kHowTo);
    options.from_end = reader.choice<bool>("start", {{"beginning", false}, {"end", true}}, false);
    options.prefix = read_prefix(collector, options.kind);
    return options;
}

std::unique_ptr<drivers::LogInput> make_log_input(const LogInputOptions& options,
                                                  const drivers::Interrupt& interrupt) {
    switch (options.kind) {
        case Kind::journald:
            return drivers::make_log_journal(
                {options.units, options.matches, options.journal_directory, options.from_end}, interrupt);
        case Kind::standard_input:
            return drivers::make_log_stream(STDIN_FILENO, interrupt, whole(options.prefix));
        case Kind::docker:
            return drivers::make_log_files(
                {.globs = options.globs, .from_end = options.from_end, .whole = whole(LinePrefix::docker)},
                interrupt);
        case Kind::files:
            break;
    }
    return drivers::make_log_files(
        {.globs = options.globs, .from_end = options.from_end, .whole = whole(options.prefix)}, interrupt);
}

}  // namespace keyshift::collectors
