// SPDX-License-Identifier: Apache-2.0
// The place that is saved is the cursor of the last entry that was read. While split messages are unfinished,
// the place of the first part of the oldest one is saved as well: after a restart the entries from there up
// to the last one read are read again for their parts only, and handed over to nobody.
//
// The place moves on behind entries that do not match as well (mark_end), or else a quiet service's last line
// would be vacuumed some day, and it would look as if something had been missed.
#include "drivers/journal/log_journal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>
#include <utility>

#include <poll.h>

#include "base/utf8.hpp"
#include "drivers/journal/files.hpp"
#include "drivers/journal/journal.hpp"
#include "drivers/journal/parts.hpp"
#include "drivers/net/wake_set.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Duration;
using base::Result;
using namespace std::chrono_literals;

/// Names in the cursor.
constexpr const char* kRead = "read";        ///< the last entry that was read
constexpr const char* kParts = "parts";      ///< the first one that has to be read again
constexpr const char* kDamaged = "damaged";  ///< known_damaged_

constexpr std::size_t kBatch = std::size_t{64} * 1024;
constexpr int kEntriesPerCheck = 64;
/// Libsystemd keeps mapped what it has read. After so much it is opened again, which is cheap.
constexpr std::uint64_t kMostEntries = 6000;
constexpr std::uint64_t kMostBytes = std::uint64_t{4} * 1024 * 1024;
constexpr Duration kReliable = 10s;
constexpr Duration kUnreliable = 2s;
constexpr Duration kMarkEvery = 5min;

/// Gathers lines to blocks. Deaf: while entries are read again.
class Lines {
 public:
    explicit Lines(LogSink& sink) : sink_(sink) {}

    void add(std::string_view message, JournalParts::Kept kept) {
        if (deaf) return;
        bytes_ += message.size() + 1;
        if (kept == JournalParts::Kept::too_long) return sink_.oversized();
        if (batch_.size() + message.size() + 1 > kBatch) flush();
        const std::size_t from = batch_.size();
        batch_ += message;
        // No message can pass for two.
        std::replace(batch_.begin() + static_cast<std::ptrdiff_t>(from), batch_.end(), '\n', ' ');
        batch_ += '\n';
    }
    void flush() {
        if (!batch_.empty()) sink_.lines(batch_);
        batch_.clear();
    }
    std::uint64_t bytes() const { return bytes_; }

    bool deaf = false;

 private:
    LogSink& sink_;
    std::string batch_;
    std::uint64_t bytes_ = 0;
};

class LogJournal final : public LogInput {
 public:
    LogJournal(LogJournalOptions options, const Interrupt& interrupt)
        : options_(std::move(options)), interrupt_(interrupt) {}

    void resume(const LogCursor& cursor) override {
        saved_ = cursor;
        if (const auto found = cursor.find(kRead); found != cursor.end()) read_ = found->second;
        if (const auto found = cursor.find(kParts); found != cursor.end()) again_ = found->second;
        if (const auto found = cursor.find(kDamaged); found != cursor.end()) {
            std::from_chars(found->second.data(), found->second.data() + found->second.size(),
                            known_damaged_);
        }
    }
    Result<LogRead> read(LogSink& sink, Deadline deadline) override;
    int wake_fd() const override { return wake_.descriptor(); }
    Duration max_poll_interval() const override { return reliable_ ? kReliable : kUnreliable; }
    std::vector<LogPlace> places() override;
    std::vector<base::Error> degradations() const override;
    void from_beginning() override { options_.from_end = false; }

 private:
    Result<void> open();
    Result<void> begin();
    void check_files();
    Result<void> find_place();
    Result<bool> was_read(const std::string& cursor);
    Result<void> drain(Lines& lines, Deadline deadline);
    Result<void> follow(Lines& lines, Deadline deadline);
    bool full() const {
        return again_.empty() && (mapped_entries_ > kMostEntries || mapped_bytes_ > kMostBytes);
    }
    Result<bool> advance();
    void read_entry(Lines& lines);
    Result<void> mark_end(Lines& lines, Deadline deadline);
    bool interrupted() const;
    std::string name() const;
    LogCursorChanges changes();

    LogJournalOptions options_;
    const Interrupt& interrupt_;
    WakeSet wake_;
    std::optional<Journal> journal_;
    std::vector<JournalMatch> matches_;
    JournalFiles files_;
    JournalParts parts_;
    LogCursor saved_;
    std::string read_;    ///< the last entry that has been read; empty: none
    std::string again_;   ///< while entries up to read_ are read again: where that begins
    bool on_it_ = false;  ///< at an entry that is still to be read
    bool at_end_ = false;
    bool lossy_ = false;
    bool reliable_ = false;
    std::uint64_t used_ = 0;            ///< bytes of files that it had when they were last checked
    std::uint64_t damaged_ = 0;         ///< bytes of files that libsystemd does not read
    std::uint64_t known_damaged_ = 0;   ///< of those it has been said that lines may be lost
    std::uint64_t entries_ = 0;         ///< read so far
    std::uint64_t mapped_entries_ = 0;  ///< read since it was opened
    std::uint64_t mapped_bytes_ = 0;    ///< and how long their messages were
    std::uint64_t bytes_ = 0;           ///< handed over so far
    std::optional<Deadline> mark_at_;
};

Result<void> LogJournal::open() {
    auto matches = journal_matches(options_.units, options_.matches);
    if (!matches) return matches.error();
    matches_ = std::move(*matches);
    auto journal = Journal::open(options_.directory);
    if (!journal) return journal.error();
    journal_.emplace(std::move(*journal));
    const int wakes = journal_->wake_fd();
    reliable_ = wakes >= 0 && wake_.add(wakes) && journal_->reliable();
    mapped_entries_ = mapped_bytes_ = 0;
    check_files();
    return begin();
}

/// Libsystemd passes over a damaged file without a word, but then it is missing in what it says it uses.
void LogJournal::check_files() {
    constexpr int kTries = 3;
    constexpr Duration kPause = 5ms;
    const std::uint64_t before = files_.size_bytes;
    for (int i = 0; i < kTries; ++i) {
        files_ = find_journal_files(options_.directory);
        used_ = journal_->size_bytes();
        damaged_ = files_.size_bytes - std::min(files_.size_bytes, used_);
        if (damaged_ <= known_damaged_) break;
        // A new file, perhaps, or one that is being made.
        if (i > 0) std::this_thread::sleep_for(kPause);
        journal_->process();
    }
    // What has been told of may have been deleted.
    known_damaged_ -= std::min(known_damaged_, before - std::min(before, files_.size_bytes));
    lossy_ = lossy_ || damaged_ > known_damaged_;
    known_damaged_ = std::max(known_damaged_, damaged_);
}

Result<void> LogJournal::begin() {
    if (read_.empty() && options_.from_end) {
        if (auto found = journal_->filter({}); !found) return found;
        const auto last = journal_->seek_last();
        if (!last) return last.error();
        auto cursor = *last ? journal_->cursor() : Result<std::string>("");
        if (!cursor) return cursor.error();
        read_ = std::move(*cursor);
    }
    options_.from_end = false;
    return find_place();
}

/// Whether the entry is still there; if not, notes what may have gone with it.
Result<bool> LogJournal::was_read(const std::string& cursor) {
    if (auto all = journal_->filter({}); !all) return all.error();
    auto found = journal_->seek(cursor);
    if (!found || (*found && journal_->at(cursor))) return found;
    const auto next = *found ? journal_->cursor() : Result<std::string>("");
    if (!next || !follows(cursor, *next)) lossy_ = true;
    return false;
}

/// Behind the last entry that was read, wherever that has gone.
Result<void> LogJournal::find_place() {
    on_it_ = false;
    std::string from = read_;
    if (!read_.empty()) {
        const auto there = was_read(read_);
        if (!there) return there.error();
        const auto again = again_.empty() || !*there ? Result<bool>(false) : was_read(again_);
        if (!again) return again.error();
        if (!again_.empty() && !*again) lossy_ = true;
        if (!*again) again_.clear();
        if (*again) from = again_;
        if (*again) parts_.clear();
    }
    if (auto filtered = journal_->filter(matches_); !filtered) return filtered;
    if (from.empty()) return journal_->seek_begin();
    const auto found = journal_->seek(from);
    if (!found) return found.error();
    on_it_ = *found && (!again_.empty() || !journal_->at(from));
    return {};
}

Result<bool> LogJournal::advance() {
    if (std::exchange(on_it_, false)) return true;
    auto moved = journal_->next();
    if (!moved || *moved || again_.empty()) return moved;
    // The last entry that was read has gone while others were being read again.
    again_.clear();
    parts_.clear();
    lossy_ = true;
    if (auto found = find_place(); !found) return found.error();
    return std::exchange(on_it_, false) ? Result<bool>(true) : journal_->next();
}

void LogJournal::read_entry(Lines& lines) {
    lines.deaf = !again_.empty();
    const JournalParts::Handle handle = [&](std::string_view message, JournalParts::Kept kept) {
        lines.add(message, kept);
    };
    const auto cursor = journal_->cursor();
    const bool partial = journal_->field("CONTAINER_PARTIAL_MESSAGE").value == "true";
    std::string stream;
    if (partial || !parts_.empty()) {
        stream = journal_->field("CONTAINER_ID").value.value_or("");
        stream += ' ';
        stream += journal_->field("PRIORITY").value.value_or("");
    }
    const Journal::Field message = journal_->field("MESSAGE");
    if (!cursor || !message.value) {
        lossy_ = lossy_ || !lines.deaf;
    } else {
        std::string_view text = *message.value;
        mapped_bytes_ += text.size();
        if (text.ends_with('\n')) text.remove_suffix(1);
        if (partial) {
            parts_.add(stream, text, *cursor);
        } else {
            parts_.finish(stream, text, handle);
        }
    }
    parts_.entry_read(handle);
    ++entries_;
    ++mapped_entries_;
    if (!cursor) return;
    if (!lines.deaf) read_ = *cursor;
    if (*cursor == read_) again_.clear();
}

bool LogJournal::interrupted() const {
    pollfd wanted{interrupt_.descriptor(), POLLIN, 0};
    return ::poll(&wanted, 1, 0) == 1;
}

Result<void> LogJournal::drain(Lines& lines, Deadline deadline) {
    at_end_ = false;
    for (int i = 0; i % kEntriesPerCheck != 0 || i == 0 || !(deadline.passed() || interrupted()); ++i) {
        if (full()) break;
        const auto moved = advance();
        if (!moved) return moved.error();
        at_end_ = !*moved;
        if (at_end_) break;
        read_entry(lines);
    }
    return {};
}

Result<void> LogJournal::follow(Lines& lines, Deadline deadline) {
    if (journal_->process() == Journal::Change::files) {
        check_files();
        if (auto found = find_place(); !found) return found;
    }
    return drain(lines, deadline);
}

/// Everything is read up to here, also what does not match. The last entry is looked up first and then
/// whatever came before it is read, so that none can slip in between.
Result<void> LogJournal::mark_end(Lines& lines, Deadline deadline) {
    mark_at_ = Deadline::in(kMarkEvery);
    if (auto all = journal_->filter({}); !all) return all;
    const auto last = journal_->seek_last();
    if (!last) return last.error();
    const auto mark = *last ? journal_->cursor() : Result<std::string>("");
    if (!mark) return mark.error();
    if (auto found = find_place(); !found) return found;
    const std::uint64_t before = entries_;
    if (auto drained = drain(lines, deadline); !drained) return drained;
    if (at_end_ && entries_ == before && !mark->empty()) read_ = *mark;
    return {};
}

Result<LogRead> LogJournal::read(LogSink& sink, Deadline deadline) {
    Lines lines(sink);
    Result<void> done;
    // Without inotify new files are found by opening it again.
    if (!reliable_ && at_end_) journal_.reset();
    do {
        if (full()) journal_.reset();
        if (!journal_) done = open();
        if (done) done = follow(lines, deadline);
    } while (done && full() && !deadline.passed() && !interrupted());
    // What turns out to be damaged while it is read is dropped.
    if (done && at_end_ && journal_->size_bytes() != used_) check_files();
    // Not while messages are unfinished: what is read again is found by an entry that matches.
    if (done && at_end_ && parts_.empty() && (!mark_at_ || mark_at_->passed()))
        done = mark_end(lines, deadline);
    if (!done) journal_.reset();
    if (!done && lines.bytes() == 0) return done.error();
    lines.flush();
    bytes_ += lines.bytes();
    LogRead out{.bytes = lines.bytes(), .more = !done || !at_end_, .missing = files_.unreadable};
    // lag_bytes stays 0: counting what is left would be reading it.
    out.lossy = std::exchange(lossy_, false);
    out.cursor = changes();
    return out;
}

LogCursorChanges LogJournal::changes() {
    LogCursorChanges out;
    const std::array<std::pair<const char*, std::string>, 3> wanted{
        {{kRead, read_},
         {kParts, again_.empty() ? parts_.begin() : again_},
         {kDamaged, known_damaged_ == 0 ? "" : std::to_string(known_damaged_)}}};
    for (const auto& [name, text] : wanted) {
        const auto saved = saved_.find(name);
        if (text == (saved == saved_.end() ? "" : saved->second)) continue;
        out[name] = text.empty() ? std::nullopt : std::optional(text);
        saved_[name] = text;
    }
    return out;
}

std::string LogJournal::name() const {
    std::string name = "journal";
    for (const std::string& unit : options_.units) name += (name == "journal" ? " of " : ", ") + unit;
    return name;
}

std::vector<base::Error> LogJournal::degradations() const {
    if (!at_end_ || entries_ > 0) return {};
    const std::string where =
        options_.directory.empty() ? "" : " -D " + base::escape_unsafe(options_.directory.string());
    return {{base::Errc::schema, "the " + name() + " has no entry",
             "these are the units that have some: journalctl" + where + " -F _SYSTEMD_UNIT"}};
}

std::vector<LogPlace> LogJournal::places() {
    // Of the journal's bytes nobody knows which are whose: it shows what there was of these units.
    std::vector<LogPlace> out{{.name = name(), .size_bytes = bytes_, .read_bytes = bytes_}};
    if (damaged_ > 0) {
        out.front().problem =
            std::to_string(damaged_) +
            " bytes of its files are damaged and not read, `journalctl --verify` says which";
    }
    for (const std::string& file : files_.unreadable) {
        const std::size_t end = file.rfind(": ");
        out.push_back({.name = file.substr(0, end), .problem = file.substr(end + 2)});
    }
    return out;
}

}  // namespace

std::unique_ptr<LogInput> make_log_journal(LogJournalOptions options, const Interrupt& interrupt) {
    return std::make_unique<LogJournal>(std::move(options), interrupt);
}

}  // namespace keyshift::drivers
