// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/record.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

FileRecord full() {
    const std::string text(2000, 'x');
    return {.id = {0x801, 42, 1'700'000'000'123'456'789},
            .path = "/var/log/a b\n100%/\xff.log",
            .generation = {1234, Head::of(text), hash_of("tail"), true},
            .earlier = Generation{77, Head::of(text.substr(0, 100)), hash_of("other"), true},
            .rotated = true,
            .finished = true};
}

TEST(LogFileRecord, ComesBackAsItWas) {
    FileRecord plain{.id = {1, 2, 0}, .path = "/a"};
    for (const FileRecord& record : {plain, full()}) {
        const std::string text = encode_record(record);
        for (const char c : text) EXPECT_TRUE(c >= ' ' && c < 0x7f) << text;
        EXPECT_EQ(decode_record(record_name(record.id), text), record) << text;
    }
}

TEST(LogFileRecord, TellsEachFlagFromTheOthers) {
    for (bool FileRecord::* flag : {&FileRecord::rotated, &FileRecord::finished}) {
        FileRecord record{.id = {1, 2, 3}, .path = "/a"};
        record.*flag = true;
        EXPECT_EQ(decode_record("1:2:3", encode_record(record)), record);
    }
    FileRecord record{.id = {1, 2, 3}, .path = "/a", .earlier = Generation{.in_oversized = true}};
    EXPECT_EQ(decode_record("1:2:3", encode_record(record)), record);
}

TEST(LogFileRecord, IsNothingElse) {
    const std::string name = record_name(full().id);
    const std::string text = encode_record(full());
    EXPECT_FALSE(decode_record("looked", "1"));
    EXPECT_FALSE(decode_record("1:2", text));
    EXPECT_FALSE(decode_record("1:2:3:", text));
    EXPECT_FALSE(decode_record(name, "2" + text.substr(1)));
    EXPECT_FALSE(decode_record(name, text.substr(0, text.rfind(' '))));
    EXPECT_FALSE(decode_record(name, text.substr(0, text.rfind(' ') + 1)));
    EXPECT_FALSE(decode_record(name, text + "%"));
    EXPECT_FALSE(decode_record(name, text + "%4"));
    EXPECT_FALSE(decode_record(name, text + " "));
    EXPECT_FALSE(decode_record(name, "1 - 5,g - /a"));
    EXPECT_FALSE(decode_record(name, "1 - 5 - /a"));
    EXPECT_TRUE(decode_record(name, "1 - 5,0 - /a"));
    EXPECT_FALSE(decode_record(name, "1 - 5,0,0,0,0,0,0,0,0,0,0,0,0,0,0 - /a"));
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_NE(decode_record(name, text.substr(0, size)), full()) << size;
}

}  // namespace
}  // namespace keyshift::drivers
