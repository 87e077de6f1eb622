// SPDX-License-Identifier: Apache-2.0
#include "journal/evidence_writer.hpp"

#include <utility>

#include "runtime/run_blocking.hpp"

namespace keyshift::journal {

base::Result<void> write(const UnsavedEvidence& unsaved, store::State& state) {
    auto transaction = state.begin();
    if (!transaction) return transaction.error();
    unsaved.write(*transaction);
    return transaction->commit();
}

namespace {

/// `written`: it is not to be written again, whatever else there is to say.
Saved write_or_say(const UnsavedEvidence& unsaved, store::State& state, MarksWatch& marks, bool& written) {
    Saved out;
    // What keeps it from being read keeps it from being written, which tells.
    const auto contents = state.refresh();
    out.other_file = contents && *contents == store::State::Contents::others;
    const auto done = write(unsaved, state);
    written = done.has_value();
    if (done) {
        out.error = state.not_on_disk();
        out.marks = marks.changed(state, base::now());
    } else {
        out.error = done.error();
        const auto replaced = state.replace_if_damaged();
        if (!replaced) out.error = replaced.error();
        out.other_file = out.other_file || (replaced && *replaced);
    }
    out.notice = state.take_notice();
    if (!out.notice.empty()) out.beginning = state.beginning();
    return out;
}

}  // namespace

boost::asio::awaitable<Saved> EvidenceWriter::write_waiting() {
    Saved all;
    while (!waiting_.empty() && !all.error) {
        UnsavedEvidence writing = std::exchange(waiting_, {});
        bool written = false;
        const auto work = [&writing, &written, this] {
            return write_or_say(writing, *state_, marks_, written);
        };
        Saved one = co_await runtime::run_blocking(worker_, work);
        all.error = std::move(one.error);
        all.other_file = all.other_file || one.other_file;
        if (one.marks) all.marks = std::move(one.marks);
        if (!one.notice.empty()) {
            all.notice = std::move(one.notice);
            all.beginning = std::move(one.beginning);
        }
        if (written) continue;
        writing.merge(waiting_);
        waiting_ = std::move(writing);
    }
    co_return all;
}

}  // namespace keyshift::journal
