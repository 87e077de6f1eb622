// SPDX-License-Identifier: Apache-2.0
#include "drivers/log_files.hpp"

#include "log_file_directory.hpp"

namespace keyshift::drivers {
namespace {

TEST_F(LogFilesTest, HandOverWholeLinesOnce) {
    append("app.log", "one\ntwo\nthr");
    EXPECT_EQ(read(), "one\ntwo\n");
    EXPECT_EQ(last_.bytes, 8U);
    EXPECT_EQ(last_.lag_bytes, 0U);
    EXPECT_EQ(read(), "");
    append("app.log", "ee\n\n\n");
    EXPECT_EQ(read(), "three\n\n\n");
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(last_.lossy);
}

TEST_F(LogFilesTest, GoOnAfterARestart) {
    append("app.log", "one\ntwo\nthr");
    EXPECT_EQ(read(), "one\ntwo\n");
    append("app.log", "ee\n");
    start();
    EXPECT_EQ(read(), "three\n");
    start();
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(last_.lossy);
}

TEST_F(LogFilesTest, ReadARotatedFileToItsEnd) {
    options_.globs = {path("app.log")};
    start();
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    std::ofstream writer(path("app.log"), std::ios::app);
    append("app.log", "two\n");
    rename("app.log", "app.log.1");
    append("app.log", "new\n");
    writer << "three\n" << std::flush;
    const std::string all = read();
    EXPECT_EQ(all.size(), 14U) << all;
    writer << "four\n" << std::flush;
    EXPECT_EQ(read(), "four\n");
    start();
    writer << "five\n" << std::flush;
    EXPECT_EQ(read(), "five\n");
    writer << "end" << std::flush;
    EXPECT_EQ(read(), "");
    writer.close();
    EXPECT_EQ(read_until([](const auto& text) { return !text.empty(); }), "end");
    start();
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(last_.lossy);
}

TEST_F(LogFilesTest, ReadACopiedAndTruncatedFileOnce) {
    const std::string old = "a line of some length: 1\na line of some length: 2\n";
    append("app.log", old);
    EXPECT_EQ(read(), old);
    append("app.log", "three\n");
    copy("app.log", "app.log.1");
    EXPECT_EQ(read(), "three\n");
    truncate("app.log");
    append("app.log", "four\n");
    EXPECT_EQ(read(), "four\n");
    EXPECT_FALSE(last_.lossy);
    append("app.log", "five of a length that is some more than this\n");
    append("app.log", "six\n");
    copy("app.log", "app.log.2");
    truncate("app.log");
    append("app.log", "seven\n");
    start();
    std::string all = read();
    EXPECT_EQ(all.size(), 55U) << all;
    EXPECT_EQ(read(), "");
}

}  // namespace
}  // namespace keyshift::drivers
