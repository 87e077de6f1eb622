// SPDX-License-Identifier: Apache-2.0
// Real journal files in a directory of the test's own, made by systemd-journal-remote from the export format.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"

namespace keyshift::drivers {

/// Fields of an entry beside its time, a value of any bytes.
using JournalEntry = std::vector<std::pair<std::string, std::string>>;

inline JournalEntry said(std::string message, std::string unit = "gateway.service") {
    return {{"_SYSTEMD_UNIT", std::move(unit)}, {"MESSAGE", std::move(message)}};
}

/// As Docker's journald driver writes it.
inline JournalEntry docker_said(std::string container, std::string message, bool partial) {
    JournalEntry entry = said(std::move(message), "docker.service");
    entry.emplace_back("CONTAINER_ID", std::move(container));
    entry.emplace_back("PRIORITY", "6");
    if (partial) entry.emplace_back("CONTAINER_PARTIAL_MESSAGE", "true");
    return entry;
}

class JournalWriter {
 public:
    const std::filesystem::path& directory() const { return directory_.path(); }
    std::filesystem::path file(const std::string& name) const { return directory() / (name + ".journal"); }

    /// Appends to the file of that name, which is made if it is not there.
    void write(const std::vector<JournalEntry>& entries, const std::string& name = "system") {
        std::string text;
        for (const JournalEntry& entry : entries) append(entry, text);
        const std::string command =
            "/lib/systemd/systemd-journal-remote -o '" + file(name).string() + "' - 2>/dev/null";
        FILE* pipe = ::popen(command.c_str(), "w");
        ASSERT_NE(pipe, nullptr);
        EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), pipe), text.size());
        EXPECT_EQ(::pclose(pipe), 0) << command;
    }

    /// Added to the wall clock from the next entry on.
    std::int64_t clock_jump = 0;

 private:
    void append(const JournalEntry& entry, std::string& text) {
        ++entries_;
        text +=
            "__REALTIME_TIMESTAMP=" + std::to_string(1'790'000'000'000'000 + entries_ * 1000 + clock_jump) +
            "\n";
        text += "__MONOTONIC_TIMESTAMP=" + std::to_string(1'000'000 + entries_ * 1000) + "\n";
        text += "_BOOT_ID=0123456789abcdef0123456789abcdef\n";
        for (const auto& [name, value] : entry) {
            text += name;
            if (value.find('\n') == std::string::npos) {
                text += "=" + value + "\n";
                continue;
            }
            text += "\n";
            for (int shift = 0; shift < 64; shift += 8)
                text += static_cast<char>(static_cast<std::uint64_t>(value.size()) >> shift);
            text += value + "\n";
        }
        text += "\n";
    }

    const TemporaryDirectory directory_{"journal"};
    std::int64_t entries_ = 0;
};

}  // namespace keyshift::drivers
