// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/file_set.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Duration;
using base::Errc;
using base::Error;
using base::Result;
using namespace std::chrono_literals;

/// Listing all names costs some 2 ms for 1,000 files.
constexpr Duration kMaxPollInterval = 5s;
/// The same where nothing tells of changes.
constexpr Duration kPollEvery = 1s;
/// Rounds of one read() in which files turn out not to be what they were.
constexpr int kMostRounds = 8;
/// A name in the cursor that stands for no file: there was a first pass.
constexpr std::string_view kStarted = "looked";

bool is_raised(const Interrupt& interrupt) {
    pollfd wanted{interrupt.descriptor(), POLLIN, 0};
    return ::poll(&wanted, 1, 0) > 0;
}

}  // namespace

std::unique_ptr<LogInput> make_log_files(LogFilesOptions options, const Interrupt& interrupt) {
    return std::make_unique<LogFileSet>(std::move(options), interrupt, Watching::by_kernel);
}

LogFileSet::LogFileSet(LogFilesOptions options, const Interrupt& interrupt, Watching watching,
                       std::function<void(Moment)> meanwhile)
    : options_(std::move(options)),
      interrupt_(interrupt),
      meanwhile_(std::move(meanwhile)),
      globs_(options_.globs),
      reader_(options_.whole),
      files_(watching) {}

void LogFileSet::resume(const LogCursor& cursor) {
    for (const auto& [name, text] : cursor) {
        if (name == kStarted) first_ = false;
        start_.resume(name, text);
        const auto record = decode_record(name, text);
        if (!record) continue;
        auto file = std::make_unique<LogFile>();
        file->record = *record;
        file->saved = true;
        file->grew_at = Clock::now();
        if (record->generation != Generation{}) file->state = LogFile::State::followed;
        files_.add(std::move(file));
        first_ = false;
    }
}

Duration LogFileSet::max_poll_interval() const {
    const Duration regular = files_.watch().complete() ? kMaxPollInterval : kPollEvery;
    const auto due = std::chrono::ceil<Duration>(give_up_at_ - Clock::now());
    return std::clamp(due, Duration(10ms), regular);
}

Result<LogRead> LogFileSet::read(LogSink& sink, Deadline deadline) {
    note_events();
    listed_ = false;
    if (names_due_ == Due::in_the_next_read || !files_.watch().complete() ||
        Clock::now() - listed_at_ >= kMaxPollInterval)
        names_due_ = Due::now;
    for (int round = 0; round < kMostRounds; ++round) {
        if (names_due_ == Due::now) list_names();
        settle();
        if (!read_queued(sink, deadline) || (changed_.empty() && names_due_ != Due::now)) break;
    }
    if (queue_.empty() && changed_.empty()) give_up(sink);
    LogRead read;
    read.bytes = reader_.take_bytes();
    read.lag_bytes = lag();
    read.more = !queue_.empty() || !changed_.empty() || names_due_ == Due::now;
    return conclude(std::move(read));
}

void LogFileSet::note_events() {
    const LogFileWatch::Changes changes = files_.watch().read_changes(globs_);
    for (LogFile* file : changes.files) {
        note_change(*file);
        if (file->record.rotated) give_up_at_ = {};
    }
    if (changes.everything)
        for (auto& [id, file] : files_) note_change(*file);
    if (changes.names || changes.everything) names_due_ = Due::now;
}

/// What has changed by now, whether it tells or not: what a new file may be a copy of.
void LogFileSet::note_changes_of_originals() {
    note_events();
    if (files_.watch().complete()) return;
    for (auto& [id, file] : files_) {
        if (!file->descriptor || file->record.rotated) continue;
        const auto status = status_of(file->descriptor);
        if (status && !status->unchanged_since(file->status)) note_change(*file);
    }
}

/// What a failed read() would have said, the next one says.
Result<LogRead> LogFileSet::conclude(LogRead read) {
    const bool any = std::any_of(files_.begin(), files_.end(), [](const auto& entry) {
        return entry.second->descriptor || (entry.second->located && entry.second->problem.empty());
    });
    read.missing = missing();
    LogCursorChanges start = start_.take_changes(faults_);
    if (std::exchange(first_, false)) start.emplace(kStarted, std::string(1, '1'));
    if (!any && read.bytes == 0 && !read.missing.empty()) {
        const bool refused = std::any_of(faults_.begin(), faults_.end(), [](const auto& fault) {
            return fault.code == EACCES || fault.code == EPERM;
        });
        of_failure_ = std::move(start);
        return Error{refused ? Errc::permission : Errc::connect,
                     "no log can be read: " + read.missing.front(),
                     refused ? "let keyshift's user read it, such as by its group" : "check the path"};
    }
    read.cursor = std::move(start);
    read.lossy = std::exchange(lossy_, false);
    files_.take_changes(read.cursor);
    return read;
}

/// False: stopped early.
bool LogFileSet::read_queued(LogSink& sink, Deadline deadline) {
    while (!queue_.empty()) {
        LogFile& file = *queue_.front();
        queue_.pop_front();
        file.queued = false;
        if (!open(file)) {
            note_problem(file, errno);
            continue;
        }
        const Generation before = file.record.generation;
        const LogFileReader::Step step = reader_.step(file, sink);
        if (file.record.generation != before) note_dirty(file);
        switch (step) {
            case LogFileReader::Step::advanced:
                queue(file);
                break;
            case LogFileReader::Step::suspect:
                note_suspect(file);
                break;
            case LogFileReader::Step::failed:
                note_problem(file, errno);
                break;
            case LogFileReader::Step::at_end:
                break;
        }
        // Something is read however short the time is.
        if (is_raised(interrupt_) || (deadline.passed() && reader_.bytes() > 0)) return queue_.empty();
    }
    return true;
}

void LogFileSet::give_up(LogSink& sink) {
    const auto now = Clock::now();
    if (now < give_up_at_) return;
    give_up_at_ = now + 1h;
    for (auto at = files_.begin(); at != files_.end();) {
        LogFile& file = *(at++)->second;
        const Writer writer = writer_of(file, now);
        if (writer.step == WriterStep::forget) {
            forget(file);
        } else if (writer.step == WriterStep::wait) {
            give_up_at_ = std::min(give_up_at_, file.grew_at + writer.patience);
        } else if (writer.step == WriterStep::finish && !finish(file, sink)) {
            give_up_at_ = std::min(give_up_at_, now + kMaxPollInterval);
        }
    }
}

Writer LogFileSet::writer_of(const LogFile& file, Clock::time_point now) const {
    WriterFacts facts = observe_writer(file, now);
    facts.patience = options_.give_up_after;
    const Writer writer = decide(facts);
    if (writer.step != WriterStep::observe_successor) return writer;
    facts.successor = std::any_of(files_.begin(), files_.end(), [&](const auto& entry) {
        return is_successor(observe_successor(*entry.second, file), file.status.modified_ns);
    });
    return decide(facts);
}

/// False: not now. Else `file` may be gone.
bool LogFileSet::finish(LogFile& file, LogSink& sink) {
    if (!open(file)) return false;
    LogFileReader::Step step = LogFileReader::Step::advanced;
    while (step == LogFileReader::Step::advanced) step = reader_.finish(file, sink);
    if (step != LogFileReader::Step::at_end) {
        note_suspect(file);
        return false;
    }
    file.record.finished = true;
    note_dirty(file);
    if (file.gone()) {
        forget(file);
        return true;
    }
    files_.release(file);
    return true;
}

std::uint64_t LogFileSet::lag() {
    std::uint64_t lag = 0;
    for (LogFile* file : queue_) {
        if (!file->descriptor) continue;
        if (const auto status = status_of(file->descriptor)) file->status = *status;
        const std::uint64_t from = file->record.generation.offset;
        const std::uint64_t to = std::max(from, file->status.size);
        const std::uint64_t end = whole_lines_end(file->descriptor, from, to, kLogBlock);
        // No newline in so many bytes: they are passed over.
        lag += (end == from && to - from >= kLogBlock ? to : end) - from;
    }
    return lag;
}

std::vector<std::string> LogFileSet::missing() const {
    std::vector<std::string> out;
    for (const auto& fault : faults_) out.push_back(fault.path + ": " + fault.why);
    for (const LogFile* file : troubled_) out.push_back(file->record.path + ": " + file->problem);
    return out;
}

std::vector<LogPlace> LogFileSet::places() {
    std::vector<LogPlace> out;
    if (listing_ == 0) {
        NamesFound found = globs_.find();
        for (NamedFile& named : found.files) out.push_back({std::move(named.path), named.status.size, 0, {}});
        faults_ = std::move(found.faults);
    }
    for (const auto& [id, file] : files_) {
        const bool shown = file->named || (file->located && file->active());
        if (listing_ == 0 || !shown || file->state == LogFile::State::compressed) continue;
        const bool waiting = file->state == LogFile::State::waiting;
        out.push_back({file->record.path, file->status.size,
                       waiting ? file->status.size : file->record.generation.offset, file->problem});
    }
    for (const auto& fault : faults_) out.push_back({fault.path, 0, 0, fault.why});
    return out;
}

void LogFileSet::pass(Moment moment) const {
    if (meanwhile_) meanwhile_(moment);
}

void LogFileSet::note_change(LogFile& file) {
    if (std::exchange(file.changed, true)) return;
    changed_.push_back(&file);
}

void LogFileSet::note_suspect(LogFile& file) {
    if (file.trust == LogFile::Trust::proven) file.trust = LogFile::Trust::suspect;
    note_change(file);
}

/// That a name has gone, the next pass finds out.
void LogFileSet::note_problem(LogFile& file, int code) {
    list_names_later();
    file.trust = LogFile::Trust::unproven;
    if (code == ENOENT) return;
    if (file.problem.empty()) troubled_.push_back(&file);
    file.problem = std::generic_category().message(code);
}

void LogFileSet::clear_problem(LogFile& file) {
    if (file.problem.empty()) return;
    file.problem.clear();
    std::erase(troubled_, &file);
}

void LogFileSet::queue(LogFile& file) {
    if (std::exchange(file.queued, true)) return;
    queue_.push_back(&file);
}

}  // namespace keyshift::drivers
