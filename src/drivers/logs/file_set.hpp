// SPDX-License-Identifier: Apache-2.0
// All log files that globs name, and those that have lost such a name and are not read to their end yet.
// Internal to drivers; see LogInput for the contract.
//
// A pass goes in four steps. Names: which files are there, which have moved, which have gone. Proof: is a
// file that has changed still the one that was read, or was it emptied? Generations: where does a file that
// nobody knows, or that was emptied, begin; if its bytes stood in another file before, behind those that were
// counted there. Reading: a block of each file in turn.
//
// What a file is, identity.hpp, copies.hpp and endings.hpp decide. Here their questions are answered from
// what observe.hpp sees, and their decisions are carried out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/files/file.hpp"
#include "drivers/files/names.hpp"
#include "drivers/files/reader.hpp"
#include "drivers/files/table.hpp"
#include "drivers/logs/degradations.hpp"
#include "drivers/logs/file_start.hpp"
#include "drivers/logs/files.hpp"
#include "drivers/logs/observe.hpp"

namespace keyshift::drivers {

class LogFileSet final : public LogInput {
 public:
    /// Where others may have changed what a pass has just seen, and it cannot know.
    enum class Moment {
        named,   ///< names are known, nothing has been opened by them
        proven,  ///< one file has been proven
        settled  ///< all files that had changed have been
    };
    /// `meanwhile` is for tests, which let others act there.
    LogFileSet(LogFilesOptions options, const Interrupt& interrupt, Watching watching,
               std::function<void(Moment)> meanwhile = {});

    void resume(const LogCursor& cursor) override;
    base::Result<LogRead> read(LogSink& sink, base::Deadline deadline) override;
    int wake_fd() const override { return files_.watch().descriptor(); }
    base::Duration max_poll_interval() const override;
    std::vector<LogPlace> places() override;
    LogCursorChanges saved_though_failed() override { return std::exchange(of_failure_, {}); }
    std::vector<base::Error> degradations() const override {
        return degradations_of(files_, options_.globs, faults_.size() + troubled_.size());
    }
    void from_beginning() override { from_end_ = false; }

 private:
    using Clock = LogFile::Clock;

    // Names: file_set_names.cpp.
    void list_names();
    void follow_named(const NamesFound& found);
    void open_new(const NamedFile& named);
    void follow_unnamed(LogFile& file);
    void locate_unopened(LogFile& file, Unnamed now);
    void set_status(LogFile& file, const FileStatus& status);
    void move(LogFile& file, const std::string& path);
    void set_rotated(LogFile& file);
    void set_left(LogFile& file, const std::string& name);
    bool open(LogFile& file) { return files_.open(file); }
    void forget(LogFile& file);

    // Proof and generations: file_set_generations.cpp.
    void settle();
    void prove_changed();
    void prove(LogFile& file);
    void prove_followed(LogFile& file);
    void cut_short(LogFile& file);
    void grow_head(LogFile& file);
    void end_generation(LogFile& file);
    void drop_blank();
    void hand_on(Ended& ended);
    void hand_on_earlier(LogFile& file);
    void search_beside(Ended& ended);
    void conclude(const Ended& ended);
    void begin_as_copy(LogFile& file, const Ended& ended, std::uint64_t offset);

    // Unknown files: file_set_copies.cpp.
    void begin(LogFile& file);
    bool begin_beside(LogFile& file, LogFile& other, PairFacts& facts);
    bool observe(LogFile& file, LogFile& other, PairStep step, PairFacts& facts);
    PairFacts::Opening open_original(LogFile& original);
    CopyFacts facts_of_copy(const LogFile& file) const;
    void act_on_copy(LogFile& file, CopyStep step);
    void settle_waiting();
    void wait(LogFile& file);
    void begin_as_own(LogFile& file);
    void begin_at(LogFile& file, std::uint64_t offset);

    // Reading: file_set.cpp.
    void note_events();
    void note_changes_of_originals();
    bool read_queued(LogSink& sink, base::Deadline deadline);
    void give_up(LogSink& sink);
    Writer writer_of(const LogFile& file, Clock::time_point now) const;
    bool finish(LogFile& file, LogSink& sink);
    std::uint64_t lag();
    base::Result<LogRead> conclude(LogRead read);
    std::vector<std::string> missing() const;
    void pass(Moment moment) const;
    void note_change(LogFile& file);
    void note_dirty(LogFile& file) { files_.note_dirty(file); }
    void note_suspect(LogFile& file);
    void note_problem(LogFile& file, int code);
    void clear_problem(LogFile& file);
    void list_names_later() { names_due_ = std::max(names_due_, Due::in_the_next_read); }
    void queue(LogFile& file);

    const LogFilesOptions options_;
    const Interrupt& interrupt_;
    const std::function<void(Moment)> meanwhile_;
    bool from_end_ = options_.from_end;
    LogGlobs globs_;
    LogFileReader reader_;
    LogFileTable files_;
    std::vector<NamesFound::Fault> faults_;  // of the last pass over names

    bool first_ = true;  // no pass has ended yet, in this process or another
    /// When the names have to be listed again.
    enum class Due { by_the_clock, in_the_next_read, now };
    Due names_due_ = Due::now;
    bool listed_ = false;  // the names have been listed in this read()
    std::uint64_t listing_ = 0;
    Clock::time_point listed_at_ = {};
    Clock::time_point give_up_at_ = {};  // no file is to be given up before
    bool lossy_ = false;

    std::vector<LogFile*> changed_, undecided_, waiting_, lost_, troubled_;
    std::deque<LogFile*> queue_;
    std::vector<Ended> ended_;
    LogFileStart start_;
    LogCursorChanges of_failure_;
};

}  // namespace keyshift::drivers
