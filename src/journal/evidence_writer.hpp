// SPDX-License-Identifier: Apache-2.0
// Writes evidence into the state, beside the journal of the key table, on a thread of its own. What cannot be
// written now, because a census holds the file or the disk is full, is written with what comes next. Used on
// the loop thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/error.hpp"
#include "journal/evidence_book.hpp"
#include "journal/marks/saved_marks.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

/// What came of writing.
struct Saved {
    std::optional<base::Error>
        error;                ///< empty: all is saved; timeout: only that another writer was too long
    bool other_file = false;  ///< into another file than before, which lacks what it had
    std::string notice;       ///< what has happened to the file, for the operator; mostly empty
    store::State::Beginning beginning;              ///< with a notice: of the file that is there now
    std::optional<domain::MarkSummary> marks = {};  ///< empty: as they were
};

class EvidenceWriter {
 public:
    /// `state`: a connection of its own.
    explicit EvidenceWriter(std::unique_ptr<store::State> state) : state_(std::move(state)) {}

    void add(const UnsavedEvidence& unsaved) { waiting_.merge(unsaved); }
    /// Writes what is waiting, until nothing is or it fails; one at a time.
    boost::asio::awaitable<Saved> write_waiting();

 private:
    std::unique_ptr<store::State> state_;  // the worker's
    MarksWatch marks_;                     // likewise
    UnsavedEvidence waiting_;
    boost::asio::thread_pool worker_{1};
};

/// In one transaction; blocking.
base::Result<void> write(const UnsavedEvidence& unsaved, store::State& state);

}  // namespace keyshift::journal
