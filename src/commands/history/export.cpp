// SPDX-License-Identifier: Apache-2.0
// keyshift export: the whole history as one JSON file, written as it is read.
#include <string>
#include <utility>

#include "api/archive.hpp"
#include "api/verdict.hpp"
#include "base/exit_code.hpp"
#include "base/json.hpp"
#include "commands/commands.hpp"
#include "commands/history/history_json.hpp"
#include "commands/shared/asking.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/output_file.hpp"
#include "inventory/lists.hpp"
#include "store/state.hpp"

namespace keyshift::commands {
namespace {

using api::ArchiveWriter;
using base::Errc;
using base::Error;
using base::Result;

/// A change that a reader of the version before would get wrong raises it.
constexpr int kExportVersion = 1;
constexpr std::size_t kBuffer = std::size_t{256} * 1024;

/// One document of members, whose lists are written item by item.
class JsonFile {
 public:
    explicit JsonFile(Output output) : output_(std::move(output)) {}

    void member(const char* name, std::string_view json) {
        begin_member(name);
        buffer_ += json;
    }
    void begin_list(const char* name) {
        begin_member(name);
        buffer_ += '[';
        first_item_ = true;
    }
    Result<void> item(const std::string& json) {
        buffer_ += std::exchange(first_item_, false) ? "\n" : ",\n";
        buffer_ += json;
        return buffer_.size() < kBuffer ? Result<void>() : output_.write(buffer_);
    }
    void end_list() { buffer_ += ']'; }
    Result<void> finish() {
        buffer_ += "\n}\n";
        if (auto written = output_.write(buffer_); !written) return written;
        return output_.finish();
    }

 private:
    void begin_member(const char* name) {
        buffer_ += std::exchange(first_member_, false) ? "{\n" : ",\n";
        base::append_json_string(buffer_, name);
        buffer_ += ':';
    }

    Output output_;
    std::string buffer_;
    bool first_member_ = true;
    bool first_item_ = true;
};

template <class T>
std::string as_json(const T& value) {
    base::JsonWriter json;
    return json.value(value).take();
}

/// Where the one who asks has it, else where the package does.
Result<std::unique_ptr<store::State>> find_state(const Asker& asker) {
    for (const std::filesystem::path& directory : asker.directories) {
        auto state = store::State::attach(directory);
        if (!state || *state) return state;
    }
    return Error{Errc::config, "there is no history yet: no state is where the daemon would have it",
                 "start keyshift serve first, or name its configuration with --config"};
}

/// The daemon's; without one nobody's, with nothing read.
std::string verdict_now(const Asker& asker) {
    Error why;
    if (const auto answer = ask_daemon(asker.directories, "/api/v1/verdict"); !answer) {
        why = answer.error();
    } else if (const auto verdict = api::decode_verdict(*answer); !verdict) {
        why = verdict.error();
    } else {
        return encode(*verdict);
    }
    api::Verdict unknown;
    unknown.at = base::now();
    unknown.configuration = asker.says;
    make_unknown(unknown, why.text());
    return encode(unknown);
}

void write_head(JsonFile& file, const store::State& state, const store::Facts& facts,
                const std::string& verdict) {
    file.member("schema_version", std::to_string(kExportVersion));
    file.member("keyshift", as_json(std::string_view(KEYSHIFT_VERSION)));
    file.member("exported_at", as_json(base::now()));
    const store::State::Beginning beginning = state.beginning_of(facts);
    file.member("history_begins", beginning.at ? as_json(*beginning.at) : "null");
    file.member("history_begins_because", as_json(std::string_view(beginning.because)));
    file.member("verdict", std::string_view(verdict).substr(0, verdict.find_last_not_of('\n') + 1));
}

Result<void> write_keys(JsonFile& file, store::State& state) {
    file.begin_list("keys");
    auto done = state.each_key([&](const store::KeyHistory& key) { return file.item(history_json(key)); });
    file.end_list();
    return done;
}

Result<void> write_decisions(JsonFile& file, store::State& state) {
    file.begin_list("pairs");
    if (auto done = state.each_pair([&](const auto& pair) {
            return file.item(ArchiveWriter::object(inventory::pair_decision(pair)));
        });
        !done)
        return done;
    file.end_list();
    file.begin_list("acknowledgements");
    auto done = state.each_acknowledgement(
        [&](const auto& one) { return file.item(ArchiveWriter::object(inventory::ack_decision(one))); });
    file.end_list();
    if (!done) return done;
    const auto marks = inventory::marks(state);
    if (!marks) return marks.error();
    file.begin_list("marks");
    for (const api::Mark& mark : marks->items)
        if (auto written = file.item(ArchiveWriter::object(mark)); !written) return written;
    file.end_list();
    return {};
}

Result<void> write_events(JsonFile& file, store::State& state) {
    file.begin_list("events");
    auto done = state.each_event([&](const store::Event& event, std::optional<std::string_view> key) {
        return file.item(history_json(event, key));
    });
    file.end_list();
    return done;
}

/// Thinned and of a day: both have a limit, whatever the number of keys.
Result<void> write_counted(JsonFile& file, store::State& state) {
    const auto progress = state.load_progress(base::kInfinitePast);
    if (!progress) return progress.error();
    file.begin_list("progress");
    for (const store::ProgressPoint& point : *progress)
        if (auto done = file.item(ArchiveWriter::object(inventory::history_point(point))); !done) return done;
    file.end_list();
    const auto failures = state.load_failures(base::Time{});
    if (!failures) return failures.error();
    file.begin_list("failures");
    for (const auto& [source, tally] : *failures)
        for (const auto& [kind, times] : tally.kinds())
            if (auto done = file.item(history_json(source, kind, times)); !done) return done;
    file.end_list();
    return {};
}

Result<void> write_history(JsonFile& file, store::State& state, const std::string& verdict) {
    return state.at_one_moment([&]() -> Result<void> {
        const auto facts = state.load_facts();
        if (!facts) return facts.error();
        write_head(file, state, *facts, verdict);
        for (const auto write : {write_keys, write_decisions, write_events, write_counted})
            if (auto done = write(file, state); !done) return done;
        return {};
    });
}

Result<void> export_to(const std::filesystem::path& path, const Asker& asker) {
    const auto state = find_state(asker);
    if (!state) return state.error();
    auto output = Output::open(path);
    if (!output) return output.error();
    JsonFile file(*std::move(output));
    if (auto written = write_history(file, **state, verdict_now(asker)); !written) return written;
    return file.finish();
}

}  // namespace

int run_export(const ExportCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    const auto done = export_to(command.file, *asker);
    if (done) return base::kOk;
    print_error(done.error());
    return base::exit_code(done.error());
}

}  // namespace keyshift::commands
