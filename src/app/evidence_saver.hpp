// SPDX-License-Identifier: Apache-2.0
// Writes evidence into the state, beside the journal of the key table, on a thread of its own. What cannot be
// written now, because a census holds the file or the disk is full, is written with what comes next. Lives on
// the loop thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "app/evidence_book.hpp"
#include "base/error.hpp"

namespace keyshift::app {

class EvidenceSaver {
 public:
    explicit EvidenceSaver(std::filesystem::path directory) : directory_(std::move(directory)) {}

    void add(const UnsavedEvidence& unsaved) { waiting_.merge(unsaved); }
    bool busy() const { return busy_; }
    /// Writes what is waiting, until nothing is or it fails; one at a time. Empty: all is saved. An error of
    /// code timeout says only that another writer was too long.
    boost::asio::awaitable<std::optional<base::Error>> save();

 private:
    std::filesystem::path directory_;
    UnsavedEvidence waiting_;
    bool busy_ = false;
    boost::asio::thread_pool worker_{1};
};

/// In one transaction; blocking.
base::Result<void> save(const UnsavedEvidence& unsaved, const std::filesystem::path& directory);

}  // namespace keyshift::app
