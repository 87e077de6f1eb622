// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "collectors/keys/table_statistics.hpp"

namespace keyshift::collectors {
namespace {

DeletionWatch watch_of(std::int64_t count) {
    DeletionWatch watch;
    EXPECT_FALSE(watch.started());
    watch.start(count);
    EXPECT_TRUE(watch.started());
    watch.scanned(count);
    return watch;
}

TEST(DeletionWatch, NothingIsDeletedWhileTheCountStays) {
    DeletionWatch watch = watch_of(5);
    for (int scan = 0; scan < 3; ++scan) {
        EXPECT_FALSE(watch.must_search(5));
        watch.scanned(5);
    }
}

TEST(DeletionWatch, TheScanAfterOneThatSawTheCountGrowSearchesToo) {
    DeletionWatch watch = watch_of(5);
    EXPECT_TRUE(watch.must_search(6));
    watch.scanned(6);
    EXPECT_TRUE(watch.must_search(6)) << "its snapshot is the first that is newer than that count";
    watch.scanned(6);
    EXPECT_FALSE(watch.must_search(6));
}

TEST(DeletionWatch, WhatWasDeletedDuringTheFirstScanIsSearched) {
    DeletionWatch watch;
    watch.start(5);
    watch.scanned(6);
    EXPECT_TRUE(watch.must_search(6));
}

TEST(DeletionWatch, AScanThatBrokeOffChangesNothing) {
    const DeletionWatch watch = watch_of(5);
    EXPECT_TRUE(watch.must_search(6));
    EXPECT_TRUE(watch.must_search(6));
}

TEST(DeletionWatch, ACountThatWasResetIsOneThatChanged) {
    DeletionWatch watch = watch_of(5);
    EXPECT_TRUE(watch.must_search(0));
}

TEST(DeletionWatch, WithoutACountEachScanSearches) {
    DeletionWatch watch;
    watch.start(std::nullopt);
    for (int scan = 0; scan < 3; ++scan) {
        EXPECT_TRUE(watch.must_search(std::nullopt));
        watch.scanned(std::nullopt);
    }
    EXPECT_TRUE(watch.must_search(5));
}

}  // namespace
}  // namespace keyshift::collectors
