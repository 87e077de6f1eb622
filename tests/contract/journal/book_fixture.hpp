// SPDX-License-Identifier: Apache-2.0
// A book of evidence on a real state file in a directory of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "contract/temporary_directory.hpp"
#include "journal/evidence_book.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

inline const base::Time kStart{std::chrono::seconds{1'768'003'200}};  // a full hour

class BookFixture : public ::testing::Test {
 protected:
    BookFixture() { start(); }

    /// As after kill -9: what was not saved is gone.
    void start() {
        state_.reset();
        state_ = *store::State::open(directory_);
        book_ = {};
        model_ = {};
        model_.policy.known_sources = collectors::known_sources();
        ASSERT_TRUE(book_.load(*state_, model_, now_));
    }

    const TemporaryDirectory own_{"book"};
    const std::filesystem::path directory_ = own_.path();
    std::unique_ptr<store::State> state_;
    EvidenceBook book_;
    domain::Model model_;
    base::Time now_ = kStart;
};

}  // namespace keyshift::journal
