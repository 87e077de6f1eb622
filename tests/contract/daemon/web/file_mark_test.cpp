// SPDX-License-Identifier: Apache-2.0
#include "daemon/web/file_mark.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "contract/eventually.hpp"
#include "contract/temporary_directory.hpp"

namespace keyshift::daemon {
namespace {

void write(const std::filesystem::path& file, const char* text) {
    std::ofstream(file) << text;
}

TEST(FileMark, TellsAnotherFileAnotherContentAndNone) {
    const TemporaryDirectory directory("file-mark");
    const auto file = directory.path() / "web.yaml";
    EXPECT_FALSE(FileMark::of(file).is_there);
    EXPECT_FALSE(FileMark::of(file).is_fresh());
    write(file, "a");
    const FileMark first = FileMark::of(file);
    EXPECT_EQ(FileMark::of(file), first);
    write(file, "ab");
    EXPECT_NE(FileMark::of(file), first);
    write(directory.path() / "new", "a");
    std::filesystem::rename(directory.path() / "new", file);
    EXPECT_NE(FileMark::of(file), first);
    std::filesystem::remove(file);
    EXPECT_NE(FileMark::of(file), first);
}

/// Where the clock of the file system stands still between two changes, the second leaves the mark of the
/// first.
TEST(FileMark, IsFreshForAWhile) {
    const TemporaryDirectory directory("file-mark");
    const auto file = directory.path() / "web.yaml";
    write(file, "a");
    EXPECT_TRUE(FileMark::of(file).is_fresh());
    EXPECT_TRUE(eventually([&] { return !FileMark::of(file).is_fresh(); }));
}

}  // namespace
}  // namespace keyshift::daemon
