// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/target_files.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"

namespace keyshift::collectors {
namespace {

namespace fs = std::filesystem;

class TargetFilesTest : public testing::Test {
 protected:
    void write(const std::string& name, const std::string& text) {
        std::ofstream(directory_ / "new", std::ios::binary) << text;
        fs::rename(directory_ / "new", directory_ / name);
    }
    static std::string group(const std::string& target) { return "[{\"targets\": [\"" + target + "\"]}]"; }

    static std::string shown(const TargetFiles::Poll& poll) {
        std::string out;
        for (const auto& url : poll.targets) out += url.printable + " ";
        for (const auto& fault : poll.faults) out += "! " + fs::path(fault.name).filename().string() + " ";
        return out;
    }

    const TemporaryDirectory own_{"targets"};
    const fs::path directory_ = own_.path();
};

TEST_F(TargetFilesTest, AreReadAgainWhenTheyChange) {
    write("a.json", group("x:1"));
    TargetFiles files({directory_ / "a.json"}, "https", "/m");
    EXPECT_EQ(shown(files.poll()), "https://x:1/m ");
    write("a.json", group("y:1"));
    EXPECT_EQ(shown(files.poll()), "https://y:1/m ");
    std::ofstream(directory_ / "a.json") << group("zzz:1");  // in place
    EXPECT_EQ(shown(files.poll()), "https://zzz:1/m ");
    EXPECT_EQ(shown(files.poll()), "https://zzz:1/m ");
}

TEST_F(TargetFilesTest, BrokenOnesKeepWhatTheyHad) {
    write("a.json", group("x:1"));
    TargetFiles files({directory_ / "a.json"}, "http", "/metrics");
    files.poll();
    write("a.json", "[{\"targets\": [\"y:1\"");
    EXPECT_EQ(shown(files.poll()), "http://x:1/metrics ! a.json ");
    const auto again = files.poll();
    EXPECT_EQ(shown(again), "http://x:1/metrics ! a.json ") << "also while it does not change";
    EXPECT_EQ(again.faults.at(0).error.what.find("the file /"), 0U) << again.faults.at(0).error.what;
    fs::remove(directory_ / "a.json");
    EXPECT_EQ(shown(files.poll()), "http://x:1/metrics ! a.json ");
    write("a.json", group("bad:port"));
    EXPECT_EQ(shown(files.poll()), "http://x:1/metrics ! a.json ");
    write("a.json", "[]");
    EXPECT_EQ(shown(files.poll()), "");
}

TEST_F(TargetFilesTest, ThatWereNeverThereHaveNoTargets) {
    TargetFiles files({directory_ / "a.json"}, "http", "/metrics");
    EXPECT_EQ(shown(files.poll()), "! a.json ");
    fs::create_directory(directory_ / "a.json");
    EXPECT_EQ(shown(files.poll()), "! a.json ");
}

TEST_F(TargetFilesTest, PatternsTakeWhatIsThere) {
    write("gw-1.json", group("x:1"));
    write("gw-2.json", group("y:1"));
    write("other.json", group("z:1"));
    write(".gw-3.json", group("z:1"));
    TargetFiles files({directory_ / "gw-*.json", directory_ / "gw-1.json"}, "http", "/");
    EXPECT_EQ(shown(files.poll()), "http://x:1/ http://y:1/ ");
    fs::remove(directory_ / "gw-2.json");
    EXPECT_EQ(shown(files.poll()), "http://x:1/ ");
    TargetFiles none({directory_ / "no-*.json"}, "http", "/");
    EXPECT_EQ(shown(none.poll()), "");
}

TEST_F(TargetFilesTest, ADirectoryThatCannotBeReadIsAFault) {
    const fs::path inner = directory_ / "d";
    fs::create_directory(inner);
    write("d/gw-1.json", group("x:1"));
    TargetFiles files({inner / "gw-*.json"}, "http", "/");
    EXPECT_EQ(shown(files.poll()), "http://x:1/ ");
    fs::rename(inner, directory_ / "away");
    EXPECT_EQ(shown(files.poll()), "http://x:1/ ! gw-*.json ");
}

}  // namespace
}  // namespace keyshift::collectors
